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

--- The word that help was asked on: the command's, or that of the recipe that `run` was given.
local function help_word(split)
  local first = split.words[1]
  if split.command == 'run' and first and core.fs.stat(first) then
    return first
  end
  return split.command
end

local function dispatch(args)
  local tables = require 'host.cmd.commands'
  local parse = require 'host.cmd.parse'
  local wants_help = is_asked(args, '-h', '--help')
  local split, err = parse.split(args, tables)
  if not split and not wants_help then
    return nil, err
  end
  split = split or { words = {}, given = {} }
  if not split.command and is_asked(args, '--version') then
    split.command = 'version'
  end
  if not split.command and split.unknown and not wants_help then
    return parse.options(split, tables, nil)
  end
  if not split.command or wants_help then
    return require 'host.cmd.help'({ help_word(split) }, { json = is_asked(args, '--json') })
  end
  local call
  call, err = require 'host.cmd.resolve'(split.command)
  if not call then
    return nil, err
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
    traceback = text,
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
