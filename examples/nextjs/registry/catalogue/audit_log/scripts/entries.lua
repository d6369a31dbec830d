local M = {}

function M.filter(entries, wanted)
  local kept = {}
  for _, entry in ipairs(entries) do
    local matches = true
    for field, value in pairs(wanted) do
      if entry[field] ~= value then
        matches = false
      end
    end
    if matches then
      kept[#kept + 1] = entry
    end
  end
  return kept
end

function M.describe(entry)
  return string.format("%s: %s %s %s", entry.at, entry.actor, entry.action, entry.target)
end

return M
