local M = {}

local function is_active(item, path)
  return path == item.path or (item.path ~= "/" and path:sub(1, #item.path + 1) == item.path .. "/")
end

-- A group without a single visible entry is left out with them.
function M.visible(items, user, path)
  local level = user and user.level or 1
  local result = {}
  for _, item in ipairs(items or {}) do
    if level >= (item.level or 1) then
      local copy = { label = item.label, path = item.path, icon = item.icon }
      if item.children then
        copy.children = M.visible(item.children, user, path)
      else
        copy.active = is_active(item, path or "/")
      end
      if not copy.children or #copy.children > 0 then
        result[#result + 1] = copy
      end
    end
  end
  return result
end

function M.crumbs(path, labels)
  local crumbs, walked = { { label = "Home", path = "/" } }, ""
  for part in path:gmatch("[^/]+") do
    walked = walked .. "/" .. part
    crumbs[#crumbs + 1] = { label = labels[walked] or part, path = walked }
  end
  return crumbs
end

return M
