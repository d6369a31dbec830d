local M = {}

function M.by_field(rows, field)
  local groups, index = {}, {}
  for _, row in ipairs(rows) do
    local label = row[field] == nil and "(none)" or tostring(row[field])
    local group = index[label]
    if not group then
      group = { label = label, count = 0, open = true, rows = {} }
      index[label] = group
      groups[#groups + 1] = group
    end
    group.count = group.count + 1
    group.rows[group.count] = row
  end
  return groups
end

return M
