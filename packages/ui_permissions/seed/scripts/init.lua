local levels = require("levels")

local M = {}

function M.on_install(ctx)
  return { message = "UI Permissions " .. ctx.version .. " ready", levels = #levels.ORDER }
end

function M.on_uninstall()
  return { message = "UI Permissions removed" }
end

return M
