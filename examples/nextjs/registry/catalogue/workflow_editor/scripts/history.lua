local M = {}

function M.summary(runs)
  if #runs == 0 then
    return { runs = 0 }
  end
  local seconds, good = {}, 0
  for i, run in ipairs(runs) do
    seconds[i] = run.seconds
    if run.result == "done" then
      good = good + 1
    end
  end
  table.sort(seconds)
  local middle = (#seconds + 1) // 2
  local median = #seconds % 2 == 1 and seconds[middle] or (seconds[middle] + seconds[middle + 1]) / 2
  return { runs = #runs, success_rate = good / #runs, median_seconds = median }
end

return M
