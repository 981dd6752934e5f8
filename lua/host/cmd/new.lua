--- tlab new recipe NAME: what a recipe of one's own begins with.

local core = require 'core'
local out = require 'host.cmd.out'
local tables = require 'host.cmd.commands'

local KINDS = { 'recipe' }

local function unknown(kind, name)
  local near = require('host.view.suggest').near(kind, KINDS, 1)[1]
  return nil,
    {
      code = 'USAGE',
      message = ('there is nothing called "%s" to be made%s'):format(
        kind,
        near and ', did you mean ' .. near .. '?' or ''
      ),
      hint = 'tlab new recipe ' .. (name or 'haiku'),
    }
end

local function tell_next(lab, name, style)
  local lines = {}
  if core.fs.realpath '.' ~= lab.root then
    lines[1] = 'cd ' .. style.clean(lab.root)
  end
  for _, line in ipairs {
    { 'tlab %s specs/%s.json', 'run it' },
    { 'tlab test %s', 'what it must do, as its test says' },
    { 'tlab replay latest', 'the run again, from its record' },
  } do
    local typed = line[1]:gsub('%%s', name)
    lines[#lines + 1] = ('%-36s # %s'):format(typed, line[2])
  end
  out.err('next:\n  ' .. table.concat(lines, '\n  ') .. '\n', style)
end

return function(words, options)
  local kind, name = words[1], words[2]
  if kind ~= KINDS[1] then
    return unknown(kind, name)
  end
  local lab, err = require('host.lab').find '.'
  if not lab then
    return nil, err
  end
  local made
  made, err = require('host.new').recipe(lab, name, {
    commands = tables.names(),
    force = options.force or false,
  })
  if not made then
    return nil, err
  elseif options.json then
    out.json { root = lab.root, files = made }
  elseif not options.quiet then
    out.out('made  ' .. table.concat(made, '\nmade  ') .. '\n')
    tell_next(lab, name, require('host.view.style').new('stderr', core.args))
  end
  return 0
end
