local M = {}

-- A flat series runs through the middle instead of along an edge.
function M.points(values, width, height)
  local low, high = math.huge, -math.huge
  for _, value in ipairs(values) do
    low, high = math.min(low, value), math.max(high, value)
  end
  local parts, steps = {}, math.max(#values - 1, 1)
  for i, value in ipairs(values) do
    local share = high > low and (value - low) / (high - low) or 0.5
    parts[i] = string.format("%.1f,%.1f", (i - 1) / steps * width, height - share * height)
  end
  return table.concat(parts, " ")
end

return M
