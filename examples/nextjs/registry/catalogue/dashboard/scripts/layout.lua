local M = {}

-- Fills row after row; a widget wider than the grid takes a whole row.
function M.place(widgets, columns)
  local placed, row, used = {}, 1, 0
  for i, widget in ipairs(widgets) do
    local span = math.max(1, math.min(widget.width or 1, columns))
    if used + span > columns then
      row, used = row + 1, 0
    end
    placed[i] = { id = widget.id, span = span, row = row, column = used + 1 }
    used = used + span
  end
  return placed
end

function M.move(widgets, id, to)
  local rest, moved = {}, nil
  for _, widget in ipairs(widgets) do
    if widget.id == id then
      moved = widget
    else
      rest[#rest + 1] = widget
    end
  end
  if moved then
    table.insert(rest, math.max(1, math.min(to, #rest + 1)), moved)
  end
  return rest
end

return M
