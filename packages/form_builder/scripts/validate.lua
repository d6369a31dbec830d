local M = {}

local RULES = {}

-- Characters, not bytes: accents must not use up a limit.
local function length(value)
  local text = tostring(value)
  return utf8.len(text) or #text
end

function RULES.minLength(value, limit)
  if length(value) < limit then
    return "Use at least " .. limit .. " characters"
  end
end

function RULES.maxLength(value, limit)
  if length(value) > limit then
    return "Use at most " .. limit .. " characters"
  end
end

function RULES.min(value, limit)
  if not tonumber(value) or tonumber(value) < limit then
    return "Enter a number from " .. limit
  end
end

-- In this order, so that the same value always gives the same message.
local ORDER = { "minLength", "maxLength", "min" }

function M.field(field, value)
  if value == nil or value == "" then
    return field.required and "Please fill in this field" or nil
  end
  for _, name in ipairs(ORDER) do
    local limit = field.rules and field.rules[name]
    local message = limit and RULES[name](value, limit)
    if message then
      return message
    end
  end
  return nil
end

function M.form(form, values)
  local errors = {}
  for _, field in ipairs(form.fields) do
    errors[field.name] = M.field(field, values[field.name])
  end
  return errors
end

return M
