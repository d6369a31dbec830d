local M = {}

function M.on_install(ctx)
  return { message = "UI Header " .. ctx.version .. " ready" }
end

return M
