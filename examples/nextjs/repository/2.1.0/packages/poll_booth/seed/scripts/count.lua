local M = {}

function M.vote(votes, user, answer, closed)
  if closed then
    return votes
  end
  local after = {}
  for voter, choice in pairs(votes) do
    after[voter] = choice
  end
  after[user.id] = answer
  return after
end

function M.totals(votes)
  local totals = {}
  for _, answer in pairs(votes) do
    totals[answer] = (totals[answer] or 0) + 1
  end
  return totals
end

return M
