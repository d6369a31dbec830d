local M = {}

-- Seven days each, from the first one on.
function M.weeks(days)
  local weeks = {}
  for index, day in ipairs(days) do
    local number = (index - 1) // 7 + 1
    weeks[number] = weeks[number] or {}
    table.insert(weeks[number], day)
  end
  return weeks
end

return M
