local M = {}

local FIRST_CATEGORIES = {
  { id = "cat_news", name = "News", post_level = 3 },
  { id = "cat_help", name = "Questions and answers", post_level = 2 },
  { id = "cat_lounge", name = "Lounge", post_level = 2 }
}

function M.on_install(ctx)
  return { message = "Forum Forge " .. ctx.version .. " ready", categories = FIRST_CATEGORIES }
end

-- Threads stay: whoever removes the package by mistake gets them back with it.
function M.on_uninstall()
  return { message = "Forum Forge removed", keep_data = true }
end

return M
