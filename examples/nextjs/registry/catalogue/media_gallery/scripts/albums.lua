local M = {}

function M.prepare(album, level)
  local items = {}
  for _, item in ipairs(album.items) do
    if (item.level or 1) <= level then
      items[#items + 1] = { id = item.id, src = item.src, alt = item.alt or "", caption = item.caption or item.alt or "" }
    end
  end
  return { title = album.title, items = items }
end

return M
