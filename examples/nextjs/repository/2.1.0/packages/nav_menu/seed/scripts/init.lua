local utils = require("utils")

local M = {}

function M.render(ctx)
  return {
    type = "Sidebar",
    props = { groups = utils.visible(ctx.groups, ctx.user) }
  }
end

return M
