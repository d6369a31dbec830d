local M = {}

-- Missing values come last in both directions; equal ones keep their order.
function M.sort(rows, field, direction)
  local marked = {}
  for i, row in ipairs(rows) do
    marked[i] = { row = row, value = row[field], place = i }
  end
  table.sort(marked, function(a, b)
    if a.value == b.value then
      return a.place < b.place
    elseif a.value == nil or b.value == nil then
      return b.value == nil
    elseif direction == "desc" then
      return a.value > b.value
    end
    return a.value < b.value
  end)
  for i, entry in ipairs(marked) do
    marked[i] = entry.row
  end
  return marked
end

function M.filter(rows, fields, text)
  local wanted, kept = text:lower(), {}
  for _, row in ipairs(rows) do
    for _, field in ipairs(fields) do
      if tostring(row[field] or ""):lower():find(wanted, 1, true) then
        kept[#kept + 1] = row
        break
      end
    end
  end
  return kept
end

return M
