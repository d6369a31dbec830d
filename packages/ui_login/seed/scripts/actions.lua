local validate = require("validate")

local M = {}

function M.login(form)
  local ok, errors = validate.login(form)
  if not ok then
    return { success = false, errors = errors }
  end
  return { success = true, action = "login", username = form.username, password = form.password }
end

function M.register(form)
  local ok, errors = validate.register(form)
  if not ok then
    return { success = false, errors = errors }
  end
  return { success = true, action = "register", username = form.username, email = form.email, password = form.password }
end

-- The answer is the same whether or not the address is known, so that nobody can probe for accounts.
function M.reset(form)
  if not validate.email(form.email) then
    return { success = false, errors = { email = "Enter an email address" } }
  end
  return { success = true, action = "reset", email = form.email, message = "If the address is known, a link is on its way." }
end

return M
