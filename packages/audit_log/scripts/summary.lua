local M = {}

function M.count(entries)
  local summary = { ok = 0, refused = 0, by_action = {} }
  for _, entry in ipairs(entries) do
    local key = entry.result == "ok" and "ok" or "refused"
    summary[key] = summary[key] + 1
    summary.by_action[entry.action] = (summary.by_action[entry.action] or 0) + 1
  end
  return summary
end

return M
