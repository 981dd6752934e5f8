--- help(x), ?x and ?: what is there, and how it is used.

local core = require 'core'
local pages = require 'host.repl.pages'
local suggest = require 'host.view.suggest'
local table_view = require 'host.view.table'

local M = {}

local LINE = 78
local RUN = 'tlab/worker/run.lua'
local WORDS = { -- what has no page elsewhere
  _ = [[
_
  the last value that was shown
]],
  help = [[
help(NAME), ?NAME
  what NAME is, with an example
]],
  ['tlab.secret'] = [[
tlab.secret(name)
  A secret of lab.json, for the headers of tlab.http.send; its value is never seen here.
  example   { authorization = { 'Bearer ', tlab.secret 'KEY' } }
]],
  ['tlab.json.null'] = [[
tlab.json.null
  the null of JSON
]],
  ['tlab.json.array'] = [[
tlab.json.array(list)
  Marks a table as a JSON list, so that {} is [] and no map.
  example   tlab.json.encode(tlab.json.array {})
]],
  run = [[
run
  This run: ?run:write and the others. Called, it opens one that has ended, which has id, recipe,
  status, spec, metrics, outputs, manifest, record; an output has :text(), :json(), :rows().
  example   run'latest'.outputs['answers.jsonl']:rows()
]],
}

local function is_public(file)
  return file:find '^tlab/[%w_]+%.lua$'
end

--- Modules for recipes, by name.
local function modules()
  local names = {}
  for _, file in ipairs(core.embedded_names()) do
    if is_public(file) then
      names[#names + 1] = file:gsub('%.lua$', ''):gsub('/', '.')
    end
  end
  return names
end

local function source_of(module)
  return core.embedded((module:gsub('%.', '/')) .. '.lua')
end

local function operation(name)
  for _, op in ipairs(core.ops()) do
    if op.name == name and pages.is_for_recipes(op) then
      return op
    end
  end
  return nil
end

local function in_module(module, source, name)
  for _, fn in ipairs((pages.functions(source))) do
    if fn.name == name then
      return pages.library(module, fn)
    end
  end
  return nil
end

local LUA = [[assert error getmetatable ipairs load next pairs pcall print rawequal rawget rawlen
  rawset require select setmetatable tonumber tostring type xpcall _G _VERSION]]

--- A page by its canonical name, or nil.
local function page(name)
  local op = operation(name:match '^tlab%.(.*)$' or name)
  local module, last = name:match '^(tlab%.[%w_]+)[.:]([%w_]+)$'
  local method = name:match '^run[.:]([%w_]+)$'
  if WORDS[name] then
    return WORDS[name]
  elseif op then
    return pages.operation(op)
  elseif name:find '^tlab%.%l+$' and pages.family(name:sub(6)) then
    return pages.family(name:sub(6))
  elseif method then
    return in_module('run', core.embedded(RUN), method)
  elseif name:find '^tlab%.[%w_]+$' and source_of(name) then
    return pages.module(name, source_of(name))
  elseif module and source_of(module) then
    return in_module(module, source_of(module), last)
  elseif name:find '^%u[%u_]+$' then
    local found = require('host.explain.codes').of(name)
    return found and found[1] and require('host.view.explain').page(found[1])
  end
  local library = name:match '^(%l+%d?)%.[%w_]+$'
  if (' ' .. LUA:gsub('%s+', ' ') .. ' '):find(' ' .. name .. ' ', 1, true) then
    return pages.of_lua(name)
  elseif library and type(_G[library]) == 'table' and _G[library][name:match '[%w_]+$'] then
    return pages.of_lua(name)
  end
  return nil
end

--- All names that have a page, for "did you mean".
local function known()
  local names = modules()
  for _, op in ipairs(core.ops()) do
    names[#names + 1] = pages.is_for_recipes(op) and 'tlab.' .. op.name or nil
  end
  for _, fn in ipairs((pages.functions(core.embedded(RUN)))) do
    names[#names + 1] = 'run:' .. fn.name
  end
  for name in pairs(WORDS) do
    names[#names + 1] = name
  end
  for name in LUA:gmatch '%S+' do
    names[#names + 1] = name
  end
  return names
end

--- Words in lines that are not too long.
local function filled(words)
  local lines, line = {}, ' '
  for _, word in ipairs(words) do
    if #line + #word + 2 > LINE then
      lines[#lines + 1], line = line, ' '
    end
    line = line .. ' ' .. word
  end
  lines[#lines + 1] = line
  return table.concat(lines, '\n')
end

local function overview()
  local rows, families, seen = {}, { 'run' }, {}
  for _, each in ipairs(require('host.repl.commands').list) do
    rows[#rows + 1] = { '  :' .. each.name .. ' ' .. each.words, each.help }
  end
  for _, op in ipairs(core.ops()) do
    local family = op.name:match '^%w+'
    if pages.is_for_recipes(op) and not seen[family] then
      seen[family] = true
      families[#families + 1] = 'tlab.' .. family
    end
  end
  return 'An expression is shown, a statement done; a `;` at the end keeps the answer back.\n'
    .. 'Tab completes, Ctrl-C stops an evaluation, _ is the last value.\n'
    .. table_view.columns(rows)
    .. 'Names, of which ?NAME or help(NAME) says more:\n'
    .. filled(families)
    .. '\nModules, by require:\n'
    .. filled(modules())
    .. '\n'
end

--- What is asked for: '' for all, nil when the line is no question.
local function asked(line)
  local name = line:match '^%s*%?%s*(.-)%s*$' or line:match '^%s*help%s*()$' and ''
  name = name or line:match '^%s*help%s*%(?%s*[\'"]([^\'"]*)[\'"]%s*%)?%s*;?%s*$'
  name = name or line:match '^%s*help%s+([%a_][%w_.:]*)%s*$' -- which is no Lua
  return name or line:match '^%s*help%s*%(%s*([%w_.:]*)%s*%)%s*;?%s*$'
end

--- What the worker knows of a name: a variable of the session, or a module in one.
local function looked_up(prompt, name)
  local way = core.json.array {}
  for part in name:gmatch '[%a_][%w_]*' do
    way[#way + 1] = part
  end
  local seen = prompt.session and prompt.session:look { way = way }
  if not seen or seen.type == 'nil' then
    return nil
  end
  return seen.origin and page(seen.origin)
    or ('%s\n  a %s of this session\n'):format(name, seen.type)
end

--- Answers a line that asks for help.
---@param prompt tlab.Prompt
---@param line string
---@return boolean is_own false when it is no such line
---@return table|nil err
function M.answer(prompt, line)
  local name = asked(line)
  if not name then
    return false
  end
  local text = name == '' and overview() or page(name) or looked_up(prompt, name)
  if text then
    prompt:print(text)
    return true
  end
  local near = suggest.near(name, known(), 1)[1]
  return true,
    {
      code = 'NOT_FOUND',
      message = ('there is no help on %s%s'):format(name, suggest.behind(near)),
      hint = '?' .. (near or ''),
    }
end

return M
