local utils = require("utils")

local M = {}

function M.on_install(ctx)
  return { message = "Navigation Menu " .. ctx.version .. " ready" }
end

function M.render(ctx)
  return {
    type = "Sidebar",
    props = { items = utils.visible(ctx.items, ctx.user, ctx.path) }
  }
end

return M
