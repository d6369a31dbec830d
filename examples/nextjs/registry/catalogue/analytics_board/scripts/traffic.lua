local M = {}

function M.smooth(days, window)
  local smoothed, sum = {}, 0
  for i, day in ipairs(days) do
    sum = sum + day.visits
    if i > window then
      sum = sum - days[i - window].visits
    end
    smoothed[i] = { date = day.date, visits = sum / math.min(i, window) }
  end
  return smoothed
end

return M
