local M = {}

function M.range(page, page_size, total)
  if total == 0 then
    return { first = 0, last = 0, total = 0 }
  end
  local first = (page - 1) * page_size + 1
  return { first = first, last = math.min(first + page_size - 1, total), total = total }
end

function M.slice(rows, page, page_size)
  local range, part = M.range(page, page_size, #rows), {}
  for i = math.max(range.first, 1), range.last do
    part[#part + 1] = rows[i]
  end
  return part
end

return M
