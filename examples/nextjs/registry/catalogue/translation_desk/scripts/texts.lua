local M = {}

function M.placeholders(text)
  local names = {}
  for name in text:gmatch("{{%s*([%w_%.]+)%s*}}") do
    names[name] = true
  end
  return names
end

function M.check(entry)
  if not entry.target or entry.target == "" then
    return nil
  end
  local source, target = M.placeholders(entry.source), M.placeholders(entry.target)
  for name in pairs(source) do
    if not target[name] then
      return "A placeholder of the source is missing"
    end
  end
  for name in pairs(target) do
    if not source[name] then
      return "The placeholder " .. name .. " is not in the source"
    end
  end
  return nil
end

return M
