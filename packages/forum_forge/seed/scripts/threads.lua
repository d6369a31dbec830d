local M = {}

local MAX_TITLE = 120

function M.can_post(user, category)
  return user ~= nil and (user.level or 1) >= (category.post_level or 2)
end

function M.compose(ctx)
  if not M.can_post(ctx.user, ctx.category) then
    return { success = false, error = "You cannot post in this category" }
  end
  return { success = true, action = "open_form", form = "forum_thread", values = { category = ctx.category.id } }
end

function M.create(ctx, values)
  local title = (values.title or ""):match("^%s*(.-)%s*$")
  if title == "" or (utf8.len(title) or #title) > MAX_TITLE then
    return { success = false, error = "A title has 1 to " .. MAX_TITLE .. " characters" }
  end
  return {
    success = true,
    thread = { title = title, body = values.body or "", author = ctx.user.name, category = ctx.category.id, replyCount = 0 }
  }
end

return M
