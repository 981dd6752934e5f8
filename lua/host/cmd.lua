--- The command line: from the words behind `tlab` to an exit code.
--
-- Each command is a file of this folder, read when it is asked for, that returns a function
--   run(words, options, invocation) → exit code | nil, err
-- with invocation = { command = its row of the table, recipe = path when it was called by a
-- recipe's name }. The table itself is host/cmd/commands.lua.

local core = require 'core'

local M = {}

local EXIT_OUTPUT_FAILED = 8

local function is_asked(args, ...)
  for _, arg in ipairs(args) do
    if arg == '--' then
      return false
    end
    for _, wanted in ipairs { ... } do
      if arg == wanted then
        return true
      end
    end
  end
  return false
end

--- The lab's own recipe of this name: its path, or nil and, when the lab itself is at fault, why.
local function recipe_named(name)
  if not name:match('^[%w_-]+$') then
    return nil
  end
  local lab, err = require('host.lab').find('.')
  if not lab then
    return nil, err.code ~= 'NOT_FOUND' and err or nil
  end
  local path = lab.root .. '/recipes/' .. name .. '.lua'
  return core.fs.stat(path) and path or nil
end

--- Names of all commands and of the lab's recipes, for "did you mean".
local function all_names(tables)
  local names = tables.names()
  local lab = require('host.lab').find('.')
  for _, entry in ipairs(lab and core.fs.list(lab.root .. '/recipes') or {}) do
    names[#names + 1] = entry.name:match('^(.+)%.lua$')
  end
  return names
end

local function unknown_command(name, tables)
  local near = require('host.view.suggest').near(name, all_names(tables), 1)[1]
  return nil,
    {
      code = 'USAGE',
      message = string.format(
        'there is no command or recipe "%s"%s',
        name,
        near and ', did you mean ' .. near .. '?' or ''
      ),
      hint = near and 'tlab help ' .. near or 'tlab help',
    }
end

--- Which command these words call: {command, recipe?} or nil and the error.
local function resolve(name, tables)
  local command = tables.find(name)
  if command then
    return { command = command }
  end
  local recipe, err = recipe_named(name)
  if recipe then
    return { command = tables.find('run'), recipe = recipe }
  elseif err then
    return nil, err
  end
  return unknown_command(name, tables)
end

local function dispatch(args)
  local tables = require 'host.cmd.commands'
  local parse = require 'host.cmd.parse'
  local split, err = parse.split(args, tables)
  if not split then
    return nil, err
  end
  if not split.command and is_asked(args, '--version') then
    split.command = 'version'
  end
  local wants_help = is_asked(args, '-h', '--help')
  if not split.command then
    if split.unknown then
      return parse.options(split, tables, nil)
    end
    return require('host.cmd.help')({}, { json = is_asked(args, '--json') })
  end
  local call
  call, err = resolve(split.command, tables)
  if not call then
    return nil, err
  end
  if wants_help then
    return require('host.cmd.help')(
      { call.command.name },
      { json = is_asked(args, '--json') },
      call
    )
  end
  if call.recipe then
    table.insert(split.words, 1, call.recipe)
  end
  local options
  options, err = parse.options(split, tables, call.command)
  if not options then
    return nil, err
  end
  local ok
  ok, err = parse.count(call.command, split.words)
  if not ok then
    return nil, err
  end
  return require('host.cmd.' .. (call.command.module or call.command.name))(
    split.words,
    options,
    call
  )
end

--- What was raised, as an error: tables are ours, everything else is a fault of tlab.
local function caught(raised)
  if type(raised) == 'table' and raised.code then
    return raised
  end
  local text = tostring(raised)
  return {
    code = 'BUG',
    message = text:match('^[^\n]*'),
    traceback = debug and debug.traceback(text, 2) or text,
    hint = 'tlab version --json  # and report both, please',
  }
end

--- Reports an error and gives the exit code that belongs to it.
---@param err table
---@param args string[]
---@return integer
function M.report(err, args)
  local view = require 'host.view.error'
  if is_asked(args, '--json') then
    if not core.term.out(view.json(err)) then
      return EXIT_OUTPUT_FAILED
    end
  else
    local style = require('host.view.style').new('stderr', args)
    local text = view.text(err, { verbose = is_asked(args, '-v', '--verbose'), style = style })
    core.term.err(text, style.on)
  end
  return core.exit_code(err.code)
end

--- Called by the program with the words behind its name.
---@param args string[]
---@return integer exit code
function M.main(args)
  if #args == 1 and args[1] == '--version' then
    return core.term.out('tlab ' .. core.version .. '\n') and 0 or EXIT_OUTPUT_FAILED
  end
  local ok, exit, err = xpcall(dispatch, caught, args)
  if not ok then
    return M.report(exit, args)
  end
  if exit == nil then
    return M.report(err, args)
  end
  return exit
end

return M
