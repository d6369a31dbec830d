local M = {}

local function normalise(path)
  local clean = (path or "/"):gsub("[?#].*$", ""):gsub("/+$", "")
  if clean == "" then
    return "/"
  end
  return clean
end

-- An exact path wins over the catch-all, wherever it stands in the list.
function M.find(pages, path)
  local wanted = normalise(path)
  local fallback
  for _, page in ipairs(pages) do
    if page.path == wanted then
      return page
    elseif page.path == "*" then
      fallback = page
    end
  end
  return fallback
end

function M.visible(pages, level)
  local found = {}
  for _, page in ipairs(pages) do
    if page.path ~= "*" and (page.level or 1) <= level then
      found[#found + 1] = page
    end
  end
  return found
end

return M
