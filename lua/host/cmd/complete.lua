--- What can stand where the cursor is: from the words of a line that is being typed to candidates.
--- The words are read by the parser that reads them when the line is done.

local core = require 'core'
local kinds = require 'host.cmd.complete_kinds'
local parse = require 'host.cmd.parse'
local tables = require 'host.cmd.commands'

local M = {}

local REPEATED = { list = true, each = true }
local ABOUT_MAX = 80 -- bytes of what is said of a candidate

--- The row of the table, and the words it would be given.
local function call_of(split)
  local command = split.command and tables.find(split.command)
  if command then
    return command, split.words
  elseif split.command then
    local recipe = require('host.cmd.recipes').named(split.command)
    if recipe then
      return tables.find 'run', { recipe, table.unpack(split.words) }
    end
  end
  return nil
end

local function options_of(split, command)
  local list, given = {}, {}
  for _, each in ipairs(split.given) do
    given[each.name] = not REPEATED[tables.options[each.name].kind]
  end
  for _, name in ipairs(parse.accepted(tables, command or { options = { 'version' } })) do
    local option = tables.options[name]
    if not given[name] then
      list[#list + 1] = { '--' .. name .. (option.kind == 'flag' and '' or '='), option.help }
    end
  end
  return list
end

local function values_of(name, prefix, current)
  local option = tables.options[name]
  local list = {}
  for _, choice in ipairs(option.choices or {}) do
    list[#list + 1] = { choice }
  end
  local files = false
  if option.takes then
    list, files = kinds[option.takes] { current = current, words = {} }
  end
  for _, each in ipairs(list) do
    each[1] = prefix .. each[1]
  end
  return list, files
end

local function words_of(split, current)
  local command, words = call_of(split)
  if not split.command then
    return kinds.call { current = current, words = {} }
  elseif not command then
    return {}
  end
  local place, most = #words + 1, command.words[2]
  local kind = command.takes and command.takes[math.min(place, #command.takes)]
  if not kind or most and place > most then
    return {}
  end
  return kinds[kind] { current = current, words = words, command = command }
end

--- All that could stand there, before what is typed already is held against it.
local function candidates(before, current)
  local split, err = parse.split(before, tables)
  if not split then
    if err.wants then
      return values_of(err.wants, '', current)
    end
    return {}
  end
  if not split.ended and current:sub(1, 1) == '-' then
    local name, value = current:match '^%-%-([^=]+)=(.*)$'
    local option = name and tables.options[name]
    if option and option.kind ~= 'flag' then
      return values_of(name, '--' .. name .. '=', value)
    end
    return name and {} or options_of(split, (call_of(split)))
  end
  return words_of(split, current)
end

--- A shell inserts it as it is, so nothing in it may mean anything to a shell, whatever a recipe
--- or a tag is called.
local function is_harmless(text)
  return utf8.len(text)
    and not text:find '[^%w_%%+=:,./@\128-\255-]'
    and not text:find '\194[\128-\159]'
end

local function about(text)
  text = text and utf8.len(text) and text:gsub('%c', ' '):gsub('\194[\128-\159]', ' ') or nil
  return text and text ~= '' and require('host.view.table').cut(text, ABOUT_MAX) or nil
end

--- What can stand at the end of a line.
---@param words string[] behind `tlab`; the last one is being typed, and may be empty
---@return table[] list of {text, about?}; {':files'} alone: a file
function M.words(words)
  local current = words[#words] or ''
  local list, files = candidates(table.move(words, 1, #words - 1, 1, {}), current)
  local found, seen = core.json.array {}, {}
  for _, each in ipairs(list) do
    local text = each[1]
    if text:sub(1, #current) == current and not seen[text] and is_harmless(text) then
      seen[text] = true
      found[#found + 1] = { text, about(each[2]) }
    end
  end
  if #found == 0 and files then
    found[1] = { ':files' }
  end
  return found
end

return M
