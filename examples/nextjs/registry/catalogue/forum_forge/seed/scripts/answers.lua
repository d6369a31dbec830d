local M = {}

local function may_accept(thread, user)
  return user ~= nil and (user.id == thread.authorId or (user.level or 1) >= 3)
end

-- Accepting another reply takes the mark from the one before.
function M.accept(thread, reply, user)
  if not may_accept(thread, user) then
    return { success = false, error = "Only the author or a moderator can accept an answer" }
  end
  if reply.threadId ~= thread.id then
    return { success = false, error = "The reply belongs to another thread" }
  end
  return { success = true, threadId = thread.id, acceptedReplyId = reply.id, previous = thread.acceptedReplyId }
end

function M.clear(thread, user)
  if not may_accept(thread, user) then
    return { success = false, error = "Only the author or a moderator can do this" }
  end
  return { success = true, threadId = thread.id, acceptedReplyId = nil }
end

return M
