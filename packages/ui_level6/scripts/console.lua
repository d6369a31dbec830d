local health = require("health")

local M = {}

function M.prepare(ctx)
  if not ctx.user or ctx.user.level < 6 then
    return { success = false, error = "Supergods only" }
  end
  local users, storage = 0, 0
  for _, tenant in ipairs(ctx.tenants) do
    users = users + tenant.users
    storage = storage + tenant.storage_gb
  end
  return {
    success = true,
    overall = health.summarise(ctx.checks).overall,
    figures = {
      { label = "Tenants", value = #ctx.tenants },
      { label = "Users", value = users },
      { label = "Storage (GB)", value = storage }
    }
  }
end

return M
