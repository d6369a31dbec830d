local M = {}

function M.check(entities)
  local faults, names = {}, {}
  for _, entity in ipairs(entities) do
    names[entity.name] = true
  end
  for _, entity in ipairs(entities) do
    local seen = {}
    for _, field in ipairs(entity.fields) do
      if seen[field.name] then
        faults[#faults + 1] = entity.name .. " has two fields named " .. field.name
      end
      seen[field.name] = true
      if field.type == "relation" and not names[field.target] then
        faults[#faults + 1] = entity.name .. "." .. field.name .. " points to " .. tostring(field.target) .. ", which does not exist"
      end
    end
  end
  return faults
end

return M
