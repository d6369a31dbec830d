local M = {}

-- Levels that an administrator may give: up to their own, never above.
function M.grantable(actor)
  local levels = {}
  for level = 2, actor.level do
    levels[#levels + 1] = level
  end
  return levels
end

local function may_change(actor, user)
  return actor.level >= 4 and actor.id ~= user.id and actor.level >= user.level
end

function M.save(actor, user, values)
  if not may_change(actor, user) then
    return { success = false, error = "You cannot edit this user" }
  end
  if values.level and values.level > actor.level then
    return { success = false, error = "You cannot give a level above your own" }
  end
  return { success = true, action = "update", table = "users", id = user.id, values = values }
end

function M.suspend(actor, user, reason)
  if not may_change(actor, user) then
    return { success = false, error = "You cannot suspend this user" }
  end
  return { success = true, action = "update", table = "users", id = user.id, values = { active = false, note = reason } }
end

return M
