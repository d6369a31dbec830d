local M = {}

function M.shares(steps)
  local rows, first = {}, steps[1] and steps[1].count or 0
  for i, step in ipairs(steps) do
    rows[i] = { name = step.name, count = step.count, share = first > 0 and step.count / first or 0 }
  end
  return rows
end

return M
