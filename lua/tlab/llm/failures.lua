--- How a run ends that asked many questions: all that came is kept, and a missing answer still
--- makes it a failed run.
local M = {}

-- What is said of a failure that is none of the provider's.
local OWN = { NOT_RECORDED = true, INVALID = true }

---Raises, unless there are no failures.
---@param what string what is missing, such as "answers"
---@param failures table[] {code, message, hint?}
---@param asked integer of how many
function M.check(what, failures, asked)
  local first = failures[1]
  if first then
    error({
      code = OWN[first.code] and first.code or 'PROVIDER',
      message = ('%d of %d %s; the first: %s'):format(#failures, asked, what, first.message),
      hint = first.hint,
    }, 0)
  end
end

return M
