local M = {}

function M.open()
  return { action = "open_dialog", component = "InviteDialog" }
end

-- Takes one address a line; empty lines and repetitions are dropped, what is no address is named.
function M.parse(text)
  local good, bad, seen = {}, {}, {}
  for line in (text or ""):gmatch("[^\r\n]+") do
    local address = line:match("^%s*(.-)%s*$"):lower()
    if address ~= "" and not seen[address] then
      seen[address] = true
      local list = address:match("^[^%s@]+@[^%s@]+%.[^%s@]+$") and good or bad
      list[#list + 1] = address
    end
  end
  return good, bad
end

function M.send(ctx, values)
  local good, bad = M.parse(values.emails)
  if #bad > 0 then
    return { success = false, error = "Not an email address: " .. table.concat(bad, ", ") }
  end
  return { success = #good > 0, action = "invite", addresses = good, by = ctx.user.id }
end

return M
