local M = {}

function M.on_install(ctx)
  return { message = "User Manager " .. ctx.version .. " ready", routes = { "/admin/users" } }
end

return M
