--- tlab replay RUN [--with RECIPE]: exit code 0 when every byte is the same, 5 when not.

local core = require 'core'
local find = require 'host.store.find'
local out = require 'host.cmd.out'
local table_view = require 'host.view.table'

--- One difference as lines: what it is, then both sides.
local function difference(each)
  local lines = { string.format('differs: %s%s', each.path or each.what or 'effect',
    each.path and each.what and ' (' .. each.what .. ')' or '') }
  for _, side in ipairs { 'recorded', 'asked', 'expected', 'found' } do
    local value = each[side]
    if value ~= nil then
      local text = type(value) == 'string' and value or core.json.encode(value)
      lines[#lines + 1] = string.format('  %-9s %s', side, text)
    end
  end
  return table.concat(lines, '\n') .. '\n'
end

return function(words, options)
  local dir, err, lab = find.typed(words[1])
  if not dir then
    return nil, err
  end
  local result
  result, err = require('host.run.replay').run {
    dir = dir, with = options.with, lab = lab, quiet = options.quiet or false,
    verbose = options.verbose or false,
  }
  if not result then
    return nil, err
  end
  if options.json then
    out.json(result)
  elseif result.same then
    out.out(string.format('same: %s and %s as recorded\n',
      table_view.count(result.effects or 0, 'effect'),
      table_view.count(result.files or 0, 'file')))
  else
    for _, each in ipairs(result.differences or {}) do
      out.out(difference(each))
    end
  end
  return result.same and 0 or core.exit_code('DIFFERS')
end
