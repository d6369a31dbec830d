local account = require("account")

local M = {}

function M.render(ctx)
  local page = ctx.page or {}
  return {
    type = "AppHeader",
    props = { title = page.title or ctx.appName, logoUrl = ctx.logoUrl or "/logo.svg" },
    children = { account.render(ctx.user) }
  }
end

function M.search(query)
  local trimmed = query:match("^%s*(.-)%s*$")
  if trimmed == "" then
    return nil
  end
  return { action = "navigate", path = "/search", params = { q = trimmed } }
end

return M
