local M = {}

local MIN_PASSWORD = 12

function M.login(form)
  local errors = {}
  if not form.username or form.username == "" then
    errors.username = "Enter your user name"
  end
  if not form.password or form.password == "" then
    errors.password = "Enter your password"
  end
  return next(errors) == nil, errors
end

function M.email(value)
  return type(value) == "string" and value:match("^[^%s@]+@[^%s@]+%.[^%s@]+$") ~= nil
end

function M.register(form)
  local errors = {}
  if not form.username or not form.username:match("^[%w_%-]+$") then
    errors.username = "Use letters, digits, - and _ only"
  end
  if not M.email(form.email) then
    errors.email = "Enter an email address"
  end
  local password = form.password or ""
  if (utf8.len(password) or #password) < MIN_PASSWORD then
    errors.password = "Use at least " .. MIN_PASSWORD .. " characters"
  end
  return next(errors) == nil, errors
end

return M
