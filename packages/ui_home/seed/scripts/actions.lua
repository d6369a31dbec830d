local M = {}

-- Who is signed in already has nothing to do on the sign-in page.
function M.start(ctx)
  if ctx and ctx.user then
    return { action = "navigate", path = "/dashboard" }
  end
  return { action = "navigate", path = "/login" }
end

function M.show_levels()
  return { action = "scroll", target = "levels" }
end

return M
