local M = {}

function M.on_install(ctx)
  return { message = "Data Table " .. ctx.version .. " ready" }
end

return M
