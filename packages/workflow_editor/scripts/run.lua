local M = {}

-- An edge without an outcome is the way out for every outcome that has no edge of its own.
function M.next(workflow, node_id, outcome)
  local otherwise
  for _, edge in ipairs(workflow.edges) do
    if edge.from == node_id then
      if edge.outcome == outcome then
        return edge.to
      elseif edge.outcome == nil then
        otherwise = edge.to
      end
    end
  end
  return otherwise
end

return M
