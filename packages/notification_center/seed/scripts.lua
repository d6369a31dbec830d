local M = {}

-- Milliseconds on screen; errors stay until somebody dismisses them.
local DURATION = { info = 4000, success = 4000, warning = 8000, error = 0 }

function M.on_install(ctx)
  return { message = "Notification Center " .. ctx.version .. " ready" }
end

function M.unread(items)
  local count = 0
  for _, item in ipairs(items) do
    if not item.read then
      count = count + 1
    end
  end
  return count
end

function M.mark_all_read(items)
  local changed = {}
  for i, item in ipairs(items) do
    changed[i] = { id = item.id, title = item.title, path = item.path, at = item.at, read = true }
  end
  return changed
end

function M.open(item)
  return { action = "navigate", path = item.path or "/notifications/" .. item.id }
end

function M.toast(kind, message)
  local known = DURATION[kind] and kind or "info"
  return { type = "Toast", props = { kind = known, message = message, duration = DURATION[known] } }
end

function M.dismiss(toast)
  return { action = "dismiss", id = toast.id }
end

return M
