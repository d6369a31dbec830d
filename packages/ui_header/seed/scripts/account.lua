local M = {}

local ITEMS = {
  { id = "profile", label = "Profile", path = "/profile", level = 2 },
  { id = "moderation", label = "Moderation", path = "/moderation", level = 3 },
  { id = "admin", label = "Administration", path = "/admin", level = 4 },
  { id = "builder", label = "Builder", path = "/builder", level = 5 },
  { id = "tenants", label = "Tenants", path = "/tenants", level = 6 }
}

function M.items_for(user)
  if not user then
    return { { id = "login", label = "Sign in", path = "/login" } }
  end
  local items = {}
  for _, item in ipairs(ITEMS) do
    if (user.level or 1) >= item.level then
      items[#items + 1] = { id = item.id, label = item.label, path = item.path }
    end
  end
  items[#items + 1] = { id = "logout", label = "Sign out", path = "/logout" }
  return items
end

function M.select(item)
  return { action = "navigate", path = item.path }
end

function M.render(user)
  return { type = "AccountMenu", props = { user = user, items = M.items_for(user) } }
end

return M
