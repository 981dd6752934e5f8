--- From words to a command, its words and its options. Pure: knows only the table it is given.

local suggest = require 'host.view.suggest'

local M = {}

local UNITS = { [''] = 1, K = 1 << 10, M = 1 << 20, G = 1 << 30 }

---@param message string
---@param hint? string
local function usage(message, hint)
  return nil, { code = 'USAGE', message = message, hint = hint }
end

local function by_short(options, letter)
  for name, option in pairs(options) do
    if option.short == letter then
      return name
    end
  end
  return nil
end

--- Names of the options that a command takes, its own and the global ones.
---@param tables table host.cmd.commands
---@param command table|nil nil: any option of any command
---@return string[]
function M.accepted(tables, command)
  local names = {}
  if not command then
    for name in pairs(tables.options) do
      names[#names + 1] = name
    end
    return names
  end
  for _, list in ipairs { command.options, tables.global } do
    for _, name in ipairs(list) do
      names[#names + 1] = name
    end
  end
  return names
end

--- Splits the words. Options may stand anywhere; "--" ends them; "-" alone is a word.
---@param args string[]
---@param tables table host.cmd.commands
---@return table|nil split {command?, words, given = list of {name, value?, as}, unknown?, ended}
---@return table|nil err
function M.split(args, tables)
  local split = { words = {}, given = {} }
  local i, ended = 1, false
  while i <= #args do
    local word = args[i]
    if ended or word == '-' or word:sub(1, 1) ~= '-' then
      if split.command == nil then
        split.command = word
      else
        split.words[#split.words + 1] = word
      end
    elseif word == '--' then
      ended = true
    else
      local name, value
      if word:sub(1, 2) == '--' then
        name, value = word:match('^%-%-([^=]+)=?(.*)$')
        value = word:find('=', 1, true) and value or nil
      else
        name = by_short(tables.options, word:sub(2))
      end
      local option = name and tables.options[name]
      local as = word:match('^[^=]*')
      if not option then
        split.unknown = split.unknown or as
      elseif option.kind == 'flag' then
        if value then
          return usage(as .. ' takes no value')
        end
        split.given[#split.given + 1] = { name = name, as = as }
      else
        if not value then
          i = i + 1
          value = args[i]
        end
        if value == nil then
          local _, err = usage(
            as .. ' needs a value: ' .. as .. '=' .. option.value,
            option.example and as .. '=' .. option.example
          )
          err.wants = name -- for completion: what is typed next is its value
          return nil, err
        end
        split.given[#split.given + 1] = { name = name, value = value, as = as }
      end
    end
    i = i + 1
  end
  split.ended = ended
  return split
end

local readers = {}

function readers.text(value)
  if value == '' then
    return nil, 'a value that is not empty'
  end
  return value
end

function readers.integer(value)
  local number = value:match('^%d+$') and math.tointeger(tonumber(value))
  if not number then
    return nil, 'a whole number, 0 or more'
  end
  return number
end

function readers.bytes(value)
  local digits, unit = value:match('^(%d+)([KMG]?)$')
  local number = digits and #digits <= 9 and math.tointeger(tonumber(digits))
  if not number then
    return nil, 'a number of bytes such as 512M or 1G'
  end
  return number * UNITS[unit]
end

function readers.choice(value, option)
  for _, choice in ipairs(option.choices) do
    if choice == value then
      return value
    end
  end
  local expected = 'one of ' .. table.concat(option.choices, ', ')
  local near = suggest.near(value, option.choices, 1)[1]
  return nil, expected .. suggest.behind(near), near
end

function readers.list(value, _, list)
  list = list or {}
  for item in (value .. ','):gmatch('([^,]*),') do
    if item == '' then
      return nil, 'names separated by commas, none of them empty'
    end
    list[#list + 1] = item
  end
  return list
end

function readers.each(value, _, list)
  if value == '' then
    return nil, 'a value that is not empty'
  end
  list = list or {}
  list[#list + 1] = value
  return list
end

--- What somebody meant by an option that does not exist (or not for this command).
local function unknown_option(as, tables, command)
  local names = {}
  for _, name in ipairs(M.accepted(tables, command)) do
    names[#names + 1] = '--' .. name
  end
  local near = suggest.near(as, names, 1)[1]
  local of = command and 'tlab ' .. command.name or 'tlab'
  return usage(
    string.format('%s has no option %s%s', of, as, suggest.behind(near)),
    command and 'tlab help ' .. command.name or 'tlab help'
  )
end

local function contains(list, item)
  for _, each in ipairs(list) do
    if each == item then
      return true
    end
  end
  return false
end

--- Reads the options that were given, as the command takes them.
---@param split table from M.split
---@param tables table host.cmd.commands
---@param command table|nil
---@return table|nil options by name with "_" for "-": {json = true, allow_net = {…}, …}
---@return table|nil err
function M.options(split, tables, command)
  local options = {}
  if split.unknown then
    return unknown_option(split.unknown, tables, command)
  end
  local accepted = M.accepted(tables, command)
  for _, given in ipairs(split.given) do
    local option = tables.options[given.name]
    if not contains(accepted, given.name) then
      return unknown_option(given.as, tables, command)
    end
    local key = given.name:gsub('-', '_')
    if option.kind == 'flag' then
      options[key] = true
    else
      local value, expected, near = readers[option.kind](given.value, option, options[key])
      if value == nil then
        return usage(
          string.format('%s: "%s" is not %s', given.as, given.value, expected),
          option.example and given.as .. '=' .. (near or option.example)
        )
      end
      options[key] = value
    end
  end
  return options
end

--- Whether there are as many words as the command takes.
---@param command table
---@param words string[]
---@return boolean|nil ok, table|nil err
function M.count(command, words)
  local least, most = command.words[1], command.words[2]
  if #words < least then
    return usage('too few words, expected: ' .. command.usage, command.examples[1][1])
  end
  if most and #words > most then
    return usage(
      string.format('too many words ("%s"), expected: %s', words[most + 1], command.usage),
      command.examples[1][1]
    )
  end
  return true
end

return M
