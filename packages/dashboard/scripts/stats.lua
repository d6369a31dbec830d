local M = {}

-- nil where there is nothing to compare with: a change from zero is no percentage.
function M.change(value, previous)
  if not previous or previous == 0 then
    return nil
  end
  return (value - previous) / previous * 100
end

function M.group_digits(value)
  local digits = string.format("%d", math.floor(value + 0.5))
  local grouped = digits:reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (grouped:gsub("^(-?),", "%1"))
end

function M.display(stat)
  local change = M.change(stat.value, stat.previous)
  local direction = "flat"
  if change and change > 0 then
    direction = "up"
  elseif change and change < 0 then
    direction = "down"
  end
  return {
    value = M.group_digits(stat.value),
    direction = direction,
    change = change and string.format("%+.1f %%", change) or nil
  }
end

return M
