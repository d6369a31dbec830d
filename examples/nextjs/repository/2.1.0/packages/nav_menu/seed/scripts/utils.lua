local M = {}

-- A group without a single visible entry is left out with them.
function M.visible(groups, user)
  local level = user and user.level or 1
  local result = {}
  for _, group in ipairs(groups or {}) do
    local items = {}
    for _, item in ipairs(group.items) do
      if level >= (item.level or 1) then
        items[#items + 1] = item
      end
    end
    if #items > 0 then
      result[#result + 1] = { title = group.title, items = items }
    end
  end
  return result
end

return M
