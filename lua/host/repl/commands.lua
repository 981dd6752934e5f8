--- What begins with a colon: commands of the session itself.

local out = require 'host.cmd.out'
local suggest = require 'host.view.suggest'

local M = {}

--- Each: { words, what it does, perform(prompt, rest) → err|nil, answer|nil }; in this order in the
--- help.
M.list = {}
local commands = {}

local function command(name, words, help, perform)
  M.list[#M.list + 1] = { name = name, words = words, help = help }
  commands[name] = perform
end

--- A command of tlab's own, with the words as they were typed. It tells its errors itself.
local function tlab(prompt, ...)
  local given = { ... }
  for word in table.remove(given):gmatch '%S+' do
    given[#given + 1] = word
  end
  local exit = require('host.cmd').main(given)
  if exit ~= 0 and not prompt.person then
    prompt.exit, prompt.over = exit, true
  end
end

command('help', '[NAME]', 'this list; what NAME is', function(prompt, rest)
  return select(2, require('host.repl.help').answer(prompt, '?' .. rest))
end)

command('time', 'EXPRESSION', 'evaluates it, and says how long that took', function(_, rest)
  if rest == '' then
    return { code = 'USAGE', message = ':time takes what is to be timed', hint = ':time f(1000)' }
  end
  return nil, { text = rest, time = true }
end)

command('show', '[RUN]', 'what a run did, took and made', function(prompt, rest)
  tlab(prompt, 'show', rest ~= '' and rest or 'latest')
end)

command('runs', '[COLUMN=VALUE ...]', 'the runs of the lab', function(prompt, rest)
  tlab(prompt, 'runs', rest)
end)

command('permits', '', 'what this session may do, and what the lab denies', function(prompt)
  out.err(require('host.repl.permits').text(prompt.run, prompt.granted))
end)

command('save', 'FILE', 'this session as a recipe: recipes/x.lua', function(prompt, rest)
  local path, err, scrubbed = require('host.repl.save').write(prompt, rest)
  if not path then
    return err
  elseif scrubbed then
    prompt:say "note: in place of a secret's value stands its name: use tlab.secret there"
  end
  prompt:say(('saved: tlab run %s'):format(path))
end)

command('quit', '', 'ends the session; so does Ctrl-D', function(prompt)
  prompt.over = true
end)

--- Performs a line that begins with a colon.
---@param prompt tlab.Prompt
---@param line string
---@return table|nil err
---@return table|nil answer what the worker is to evaluate instead
function M.perform(prompt, line)
  local name, rest = line:match '^%s*:%s*(%a*)%s*(.-)%s*$'
  if commands[name] then
    return commands[name](prompt, rest)
  end
  local names = {}
  for i, each in ipairs(M.list) do
    names[i] = each.name
  end
  local near = suggest.near(name, names, 1)[1]
  return {
    code = 'USAGE',
    message = ('there is no command :%s%s'):format(name, suggest.behind(near and ':' .. near)),
    hint = ':' .. (near or 'help'),
  }
end

return M
