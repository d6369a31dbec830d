local M = {}

local function keep(users, test)
  local kept = {}
  for _, user in ipairs(users) do
    if test(user) then
      kept[#kept + 1] = user
    end
  end
  return kept
end

function M.by_text(users, text)
  local wanted = text:lower()
  return keep(users, function(user)
    return user.name:lower():find(wanted, 1, true) ~= nil or user.email:lower():find(wanted, 1, true) ~= nil
  end)
end

function M.by_level(users, level)
  return keep(users, function(user)
    return user.level == level
  end)
end

return M
