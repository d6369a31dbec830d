local M = {}

-- The day is how the time begins: 2025-11-08T18:30:00Z.
function M.by_day(events)
  local days = {}
  for _, event in ipairs(events) do
    local day = event.at:sub(1, 10)
    days[day] = days[day] or {}
    table.insert(days[day], event)
  end
  return days
end

return M
