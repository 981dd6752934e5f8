--- tlab help [COMMAND], and -h anywhere: examples first, then what there is. All of it from the
--- table.

local core = require 'core'
local out = require 'host.cmd.out'
local parse = require 'host.cmd.parse'
local tables = require 'host.cmd.commands'
local table_view = require 'host.view.table'

local function examples(rows, list)
  for _, example in ipairs(list) do
    rows[#rows + 1] = { '  ' .. example[1], '# ' .. example[2] }
  end
end

local function option_words(name)
  local option = tables.options[name]
  local short = option.short and '-' .. option.short .. ', ' or '    '
  return '  ' .. short .. '--' .. name .. (option.value and '=' .. option.value or '')
end

local function options_of(names)
  local rows = {}
  for _, name in ipairs(names) do
    local option = tables.options[name]
    local help = option.help
    if option.example then
      help = help .. ' (' .. option.example .. ')'
    end
    rows[#rows + 1] = { option_words(name), help }
  end
  return table_view.columns(rows)
end

local function overview()
  local shown = {
    { '  tlab run recipes/ai.lua spec.json', '# run a recipe with its spec' },
    { '  tlab show latest', '# what it did, took and made' },
    { '  tlab replay latest', '# again from its record, without a network' },
    { '  tlab verify latest', '# is it still as it was made?' },
  }
  local rows = {}
  for _, command in ipairs(tables.commands) do
    rows[#rows + 1] = { '  ' .. command.name, command.summary }
  end
  return 'tlab: the lab notebook that can re-run itself\n\n'
    .. table_view.columns(shown)
    .. '\nCommands:\n'
    .. table_view.columns(rows)
    .. '\nRecipes:\n  '
    .. table.concat(require('host.cmd.recipes').names(), ' ')
    .. '\n\nEvery file in recipes/ is a command too. tlab help COMMAND says more,\n'
    .. 'tlab explain what errors and exit codes mean.\n'
end

local function page(command)
  local rows = {}
  examples(rows, command.examples)
  local text = string.format('tlab %s: %s\n\n', command.name, command.summary)
    .. table_view.columns(rows)
    .. string.format('\nUsage: %s\n', command.usage)
  if #command.options > 0 then
    text = text .. '\nOptions:\n' .. options_of(command.options)
  end
  return text .. '\nAlways:\n' .. options_of(tables.global)
end

--- The table itself, for programs: what completions and the man page are made of.
local function as_data(command)
  local options = {}
  for _, name in ipairs(parse.accepted(tables, command)) do
    options[name] = tables.options[name]
  end
  return {
    name = command.name,
    summary = command.summary,
    usage = command.usage,
    examples = command.examples,
    options = options,
  }
end

local function json(only)
  local list = {}
  for _, command in ipairs(only and { only } or tables.commands) do
    list[#list + 1] = as_data(command)
  end
  out.json(only and list[1] or { commands = list })
end

--- The manual page, which `make install` puts where man looks for it.
local function manual(options)
  local text = require('host.view.man').page(tables, core.version, core.codes())
  if options.json then
    out.json { page = text }
  else
    out.out(text)
  end
  return 0
end

--- Help on a recipe, by its path or its name.
local function recipe_help(path, word, options)
  local view = require 'host.cmd.help_recipe'
  local declared, err = require('host.cmd.recipes').declared(path)
  if not declared then
    return nil, err
  elseif options.json then
    out.json(view.data(declared))
  else
    out.out(view.page(declared, word))
  end
  return 0
end

return function(words, options)
  local word = words[1]
  local call = {}
  if word == 'codes' then
    return require 'host.cmd.explain'({}, options)
  elseif word == 'man' then
    return manual(options)
  elseif word and word:find '[/.]' then
    return recipe_help(word, word, options)
  elseif word then
    local found, err = require 'host.cmd.resolve'(word)
    if not found then
      return nil, err
    end
    call = found
  end
  if call.recipe then
    return recipe_help(call.recipe, word, options)
  elseif options.json then
    json(call.command)
  else
    out.out(call.command and page(call.command) or overview())
  end
  return 0
end
