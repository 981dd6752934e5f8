--- Which form a file says it has: "tlab.run/1". A later one is refused by name, never guessed at.

local M = {}

--- The error for a value of another form of the same family; nil for this form, and for what names
--- no form at all, which the schema judges.
---@param value any decoded JSON
---@param form string the one that is read, such as "tlab.run/1"
---@param file string its name for messages
---@return table|nil err
function M.other(value, form, file)
  local stated = type(value) == 'table' and value.schema
  local family = form:match('^(.*/)%d+$')
  if
    type(stated) ~= 'string'
    or stated == form
    or stated:sub(1, #family) ~= family
    or not stated:sub(#family + 1):match('^%d+$')
  then
    return nil
  end
  return {
    code = 'UNSUPPORTED',
    file = file,
    message = ('the file has the form %s, and this tlab reads %s only'):format(
      stated:sub(1, 40),
      form
    ),
    hint = 'tlab version  # the tlab that wrote the file reads it, or a newer one',
  }
end

return M
