--- tlab new recipe NAME: what a recipe of one's own begins with; tlab new editor: what editors are
--- told.

local core = require 'core'
local out = require 'host.cmd.out'
local tables = require 'host.cmd.commands'

local KINDS = { 'recipe', 'editor' }

local function usage(message, hint)
  return { code = 'USAGE', message = message, hint = hint }
end

--- Why these words make nothing; nil if they do.
local function wrong(kind, name)
  if kind == 'recipe' then
    return not name and usage('a recipe needs a name', 'tlab new recipe haiku') or nil
  elseif kind == 'editor' then
    return name and usage('tlab new editor takes no name', 'tlab new editor') or nil
  end
  local suggest = require 'host.view.suggest'
  local near = suggest.near(kind, KINDS, 1)[1]
  return usage(
    ('there is nothing called "%s" to be made%s'):format(kind, suggest.behind(near)),
    near == 'editor' and 'tlab new editor' or 'tlab new recipe ' .. (name or 'haiku')
  )
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

local function recipe(lab, name, options)
  local made, err = require('host.new').recipe(lab, name, {
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

local function editor(lab, options)
  local files, err = require('host.editor').lay(lab.root)
  if not files then
    return nil, err
  elseif options.json then
    out.json { root = lab.root, files = files }
  elseif not options.quiet then
    local style = require('host.view.style').new('stdout', core.args)
    out.out(require('host.view.made').lines(style.clean(files)), style)
  end
  return 0
end

return function(words, options)
  local kind, name = words[1], words[2]
  local err = wrong(kind, name)
  if err then
    return nil, err
  end
  local lab
  lab, err = require('host.lab').find '.'
  if not lab then
    return nil, err
  elseif kind == 'recipe' then
    return recipe(lab, name, options)
  end
  return editor(lab, options)
end
