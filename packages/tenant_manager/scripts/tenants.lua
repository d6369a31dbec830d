local M = {}

local PLANS = {
  starter = { users = 10, storage_gb = 5 },
  team = { users = 100, storage_gb = 100 },
  campus = { users = 5000, storage_gb = 2000 }
}

function M.create(values, existing)
  local slug = (values.name or ""):lower():gsub("[^%w]+", "-"):gsub("^%-+", ""):gsub("%-+$", "")
  if slug == "" then
    return { success = false, error = "A tenant needs a name" }
  end
  for _, tenant in ipairs(existing) do
    if tenant.slug == slug then
      return { success = false, error = "There is a tenant with this name already" }
    end
  end
  if not PLANS[values.plan] then
    return { success = false, error = "Unknown plan" }
  end
  return { success = true, tenant = { name = values.name, slug = slug, plan = values.plan, users = 0, storage_gb = 0 } }
end

function M.usage(tenant)
  local plan = PLANS[tenant.plan]
  return { users = tenant.users / plan.users, storage = tenant.storage_gb / plan.storage_gb }
end

return M
