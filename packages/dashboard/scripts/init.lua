local M = {}

function M.on_install(ctx)
  return { message = "Dashboard " .. ctx.version .. " ready", routes = { "/dashboard" } }
end

return M
