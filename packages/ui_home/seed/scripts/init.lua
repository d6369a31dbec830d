local M = {}

M.LEVELS = {
  { level = 1, name = "Public", summary = "Everybody: landing pages and sign-in." },
  { level = 2, name = "User", summary = "Signed in: own dashboard, tables and forms." },
  { level = 3, name = "Moderator", summary = "Keeps discussions in order." },
  { level = 4, name = "Admin", summary = "Manages users and settings." },
  { level = 5, name = "God", summary = "Changes schemas and workflows." },
  { level = 6, name = "Supergod", summary = "Looks after all tenants." }
}

function M.on_install(ctx)
  return { message = "UI Home " .. ctx.version .. " ready", levels = #M.LEVELS }
end

return M
