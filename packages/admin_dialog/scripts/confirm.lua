local M = {}

local RISKY = {
  ["security.sessionMinutes"] = "Everybody whose session is older is signed out.",
  ["security.requireTwoFactor"] = "Users without a second factor cannot sign in until they set one up.",
  ["general.maintenance"] = "Only administrators can open the application."
}

function M.warning(change)
  if change.to == false then
    return nil
  end
  return RISKY[change.key]
end

return M
