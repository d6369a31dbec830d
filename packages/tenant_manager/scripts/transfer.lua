local M = {}

function M.submit(actor, tenant, values)
  if not actor or actor.level < 6 then
    return { success = false, error = "Supergods only" }
  end
  if values.confirm ~= tenant.name then
    return { success = false, error = "The name does not match" }
  end
  if values.owner == tenant.owner then
    return { success = false, error = "The tenant belongs to this user already" }
  end
  return { success = true, tenantId = tenant.id, from = tenant.owner, to = values.owner, by = actor.id }
end

return M
