local M = {}

local LABELS = { text = "Text", number = "Number", email = "Email", date = "Date", choice = "Choice", switch = "Switch" }

function M.create(kind, taken)
  local name, n = kind, 1
  while taken[name] do
    n = n + 1
    name = kind .. "_" .. n
  end
  return { name = name, type = kind, label = LABELS[kind] or kind, required = false }
end

function M.prepare(form)
  local fields = {}
  for i, field in ipairs(form.fields or {}) do
    fields[i] = {
      name = field.name,
      type = LABELS[field.type] and field.type or "text",
      label = field.label or field.name,
      required = field.required == true,
      rules = field.rules or {}
    }
  end
  return { title = form.title or "Form", submitLabel = form.submitLabel or "Send", fields = fields }
end

return M
