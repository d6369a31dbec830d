local M = {}

local RANK = { failing = 1, slow = 2, ok = 3 }

function M.summarise(checks)
  local sorted = {}
  for i, check in ipairs(checks) do
    sorted[i] = { name = check.name, status = check.status, detail = check.detail, place = i }
  end
  table.sort(sorted, function(a, b)
    local first, second = RANK[a.status] or 1, RANK[b.status] or 1
    if first ~= second then
      return first < second
    end
    return a.place < b.place
  end)
  return { overall = sorted[1] and sorted[1].status or "ok", checks = sorted }
end

return M
