local confirm = require("confirm")

local M = {}

function M.diff(before, after)
  local changes = {}
  for key, value in pairs(after) do
    if before[key] ~= value then
      changes[#changes + 1] = { key = key, from = before[key], to = value }
    end
  end
  table.sort(changes, function(a, b)
    return a.key < b.key
  end)
  return changes
end

function M.save(user, before, after)
  if not user or user.level < 4 then
    return { success = false, error = "Administrators only" }
  end
  local changes = M.diff(before, after)
  for _, change in ipairs(changes) do
    change.warning = confirm.warning(change)
  end
  return { success = true, changes = changes }
end

return M
