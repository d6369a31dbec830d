local M = {}

local WIDTHS = { 320, 640, 1280, 2560 }

-- Nothing wider than the original: enlarging costs bytes and shows no more.
function M.source_set(src, width)
  local parts = {}
  for _, candidate in ipairs(WIDTHS) do
    if candidate < width then
      parts[#parts + 1] = src .. "?w=" .. candidate .. " " .. candidate .. "w"
    end
  end
  parts[#parts + 1] = src .. " " .. width .. "w"
  return table.concat(parts, ", ")
end

return M
