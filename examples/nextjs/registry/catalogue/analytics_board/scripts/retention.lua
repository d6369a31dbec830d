local M = {}

-- Cohorts below this size say more about single people than about the application.
local MIN_COHORT = 20

function M.rates(cohort)
  local rates = {}
  if cohort.size < MIN_COHORT then
    return rates
  end
  for week, returning in ipairs(cohort.returning) do
    rates[week] = math.floor(returning / cohort.size * 100 + 0.5)
  end
  return rates
end

return M
