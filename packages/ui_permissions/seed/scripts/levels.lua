-- Index and level number are the same: ORDER[4] is the name of level 4.
local ORDER = { "public", "user", "moderator", "admin", "god", "supergod" }

local M = { ORDER = ORDER, BY_NAME = {} }

for level, name in ipairs(ORDER) do
  M.BY_NAME[name] = level
end

function M.name_of(level)
  return ORDER[level] or "unknown"
end

return M
