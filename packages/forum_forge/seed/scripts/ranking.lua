local M = {}

local HOUR = 3600

-- Replies lift a thread, age lets it sink; pinned threads stand above all others.
function M.score(thread, now)
  local hours = math.max(0, now - thread.lastActivity) / HOUR
  local base = (1 + thread.replyCount) / (hours + 2) ^ 1.4
  return thread.pinned and base + 1e6 or base
end

function M.sort(threads, now)
  local ranked = {}
  for i, thread in ipairs(threads) do
    ranked[i] = { thread = thread, score = M.score(thread, now), place = i }
  end
  table.sort(ranked, function(a, b)
    if a.score ~= b.score then
      return a.score > b.score
    end
    return a.place < b.place
  end)
  for i, entry in ipairs(ranked) do
    ranked[i] = entry.thread
  end
  return ranked
end

return M
