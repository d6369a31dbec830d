local M = {}

local WEIGHT = { spam = 3, abuse = 5, off_topic = 1 }

function M.urgency(report)
  return (WEIGHT[report.reason] or 1) * (report.reporters or 1)
end

local function decide(ctx, report, status)
  if (ctx.user.level or 1) < 3 then
    return { success = false, error = "Moderators only" }
  end
  return { success = true, postId = report.postId, status = status, by = ctx.user.id }
end

function M.keep(ctx, report)
  return decide(ctx, report, "visible")
end

function M.hide(ctx, report)
  return decide(ctx, report, "hidden")
end

function M.lock(ctx, report)
  local decision = decide(ctx, report, "hidden")
  decision.lockThread = decision.success
  return decision
end

return M
