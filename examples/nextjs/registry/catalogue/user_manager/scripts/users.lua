local M = {}

function M.search(users, text)
  local wanted, found = text:lower(), {}
  for _, user in ipairs(users) do
    if (user.name .. " " .. user.email):lower():find(wanted, 1, true) then
      found[#found + 1] = user
    end
  end
  return found
end

function M.save(actor, user, values)
  if actor.level < 4 or user.level > actor.level or (values.level or 0) > actor.level then
    return { success = false, error = "You cannot make this change" }
  end
  return { success = true, action = "update", table = "users", id = user.id, values = values }
end

return M
