local levels = require("levels")

local M = {}

-- A visitor without a session, and a role that nobody knows, count as public.
function M.level_of(user)
  if not user then
    return 1
  end
  return user.level or levels.BY_NAME[user.role] or 1
end

function M.can_access(user, required)
  return M.level_of(user) >= (required or 1)
end

function M.denied(user, required)
  return {
    type = "AccessDenied",
    props = {
      requiredLevel = required,
      requiredName = levels.name_of(required),
      userName = levels.name_of(M.level_of(user))
    }
  }
end

return M
