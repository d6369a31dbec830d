local M = {}

function M.count(entries)
  local done = 0
  for _, entry in ipairs(entries) do
    if entry.target and entry.target ~= "" then
      done = done + 1
    end
  end
  return { done = done, total = #entries }
end

return M
