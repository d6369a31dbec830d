local M = {}

function M.reachable(workflow)
  local seen, waiting = {}, {}
  for _, node in ipairs(workflow.nodes) do
    if node.kind == "trigger" then
      waiting[#waiting + 1] = node.id
    end
  end
  while #waiting > 0 do
    local id = table.remove(waiting)
    if not seen[id] then
      seen[id] = true
      for _, edge in ipairs(workflow.edges) do
        if edge.from == id then
          waiting[#waiting + 1] = edge.to
        end
      end
    end
  end
  return seen
end

function M.check(workflow)
  local faults, seen = {}, M.reachable(workflow)
  if next(seen) == nil then
    faults[#faults + 1] = "The workflow has no trigger"
  end
  for _, node in ipairs(workflow.nodes) do
    if not seen[node.id] then
      faults[#faults + 1] = "Nothing leads to " .. (node.label or node.id)
    end
  end
  return faults
end

return M
