local M = {}

function M.initial()
  return { collapsed = false, open_groups = {} }
end

function M.toggle(state)
  return { collapsed = not state.collapsed, open_groups = state.open_groups }
end

function M.toggle_group(state, label)
  local open = {}
  for name in pairs(state.open_groups) do
    open[name] = true
  end
  if open[label] then
    open[label] = nil
  else
    open[label] = true
  end
  return { collapsed = state.collapsed, open_groups = open }
end

return M
