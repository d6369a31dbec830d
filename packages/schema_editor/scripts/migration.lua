local M = {}

local function by_name(fields)
  local index = {}
  for _, field in ipairs(fields) do
    index[field.name] = field
  end
  return index
end

-- New fields first: a step that deletes runs only after everything else has worked.
function M.plan(before, after)
  local old, new = by_name(before.fields), by_name(after.fields)
  local steps, destructive = {}, false
  for _, field in ipairs(after.fields) do
    local known = old[field.name]
    if not known then
      steps[#steps + 1] = { kind = "add", text = "Add " .. field.name .. " (" .. field.type .. ")" }
    elseif known.type ~= field.type then
      steps[#steps + 1] = { kind = "convert", text = "Convert " .. field.name .. " from " .. known.type .. " to " .. field.type }
    end
  end
  for _, field in ipairs(before.fields) do
    if not new[field.name] then
      destructive = true
      steps[#steps + 1] = { kind = "drop", text = "Drop " .. field.name }
    end
  end
  return { steps = steps, destructive = destructive }
end

return M
