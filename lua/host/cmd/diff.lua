--- tlab diff A B: why two runs differ. Exit code 0 when nothing that counts does, 1 when something
--- does, 2 when it cannot be said: as diff(1), and unlike every other command of tlab.

local core = require 'core'
local find = require 'host.store.find'
local out = require 'host.cmd.out'
local printable = require('host.view.error').printable

local SAME, DIFFERENT, TROUBLE = 0, 1, 2

local function report(err)
  require('host.cmd').report(err, core.args)
  return TROUBLE
end

--- What of a result is printed as JSON: errors as their code and message.
local function plain(result)
  result.trouble = nil
  for _, side in ipairs { 'a', 'b' } do
    result[side].folder = printable(result[side].folder)
  end
  for _, part in ipairs(result.parts) do
    local err = part.trouble
    part.trouble = err and { code = err.code, message = printable(err.message) } or nil
    for _, name in ipairs { 'changes', 'beside', 'files' } do
      part[name] = part[name] and core.json.array(part[name])
    end
  end
  return result
end

local function tell(result, options)
  local trouble = result.trouble
  if options.json then
    out.json(plain(result))
  elseif not options.quiet then
    local style = require('host.view.style').new('stdout', core.args)
    local view = require 'host.view.diff'
    out.out(view.text(result, { stat = options.stat, style = style }), style)
  end
  if trouble and options.json then
    return TROUBLE
  end
  return trouble and report(trouble) or result.same and SAME or DIFFERENT
end

--- The run's folder, as short as it can be typed here.
local function folder_of(word)
  local dir, err = find.typed(word)
  local here = dir and core.fs.realpath '.'
  if here and dir:sub(1, #here + 1) == here .. '/' then
    return dir:sub(#here + 2)
  end
  return dir, err
end

local function diff(words, options)
  local a, err = folder_of(words[1])
  if not a then
    return report(err)
  end
  local b
  b, err = folder_of(words[2])
  if not b then
    return report(err)
  end
  local result
  result, err = require('host.diff.compare').run(a, b)
  if not result then
    return report(err)
  end
  return tell(result, options)
end

return function(words, options)
  local ok, exit = pcall(diff, words, options)
  if ok then
    return exit
  elseif type(exit) == 'table' and exit.code then
    return report(exit)
  end
  error(exit, 0)
end
