--- What is asked of the index, from options and words: `--status failed`, `param.n>=3`. Pure, but
--- for the time of day.

local core = require 'core'
local index = require 'host.store.index'
local period = require 'host.store.period'
local suggest = require 'host.view.suggest'
local tree = require 'host.store.tree'

local M = {}

--- What people call columns besides their names.
local ALIAS =
  { model = 'models', tag = 'tags', took = 'seconds', date = 'started', time = 'started' }
local OPS =
  { ['='] = '=', ['>='] = '>=', ['>'] = '>', ['<='] = '<=', ['<'] = '<', ['~'] = 'contains' }
--- What "=" means where a value is one of several, or long.
local EQUALS = { models = 'has', tags = 'has', id = 'prefix', key = 'prefix', commit = 'prefix' }

local function usage(message, hint, details)
  return nil, { code = 'USAGE', message = message, hint = hint, details = details }
end

--- The column of a name as typed: "param.n" and "params.n" are members of a map.
local function column_of(name)
  local map, member = name:match '^(%a+)%.(.+)$'
  if map == 'param' or map == 'params' then
    return 'param.' .. member
  elseif map == 'metric' or map == 'metrics' then
    return 'metric.' .. member
  end
  for _, column in ipairs(index.COLUMNS) do
    if column == (ALIAS[name] or name) then
      return column
    end
  end
  local known = table.move(index.COLUMNS, 1, #index.COLUMNS, 1, {})
  for alias in pairs(ALIAS) do
    known[#known + 1] = alias
  end
  local near = suggest.near(name, known, 1)[1]
  return usage(
    string.format('runs have no column "%s"%s', name, suggest.behind(near)),
    'tlab help runs',
    not near
        and { 'columns: ' .. table.concat(index.COLUMNS, ' ') .. ', param.NAME and metric.NAME' }
      or nil
  )
end

local function add(where, column, op, value)
  where[#where + 1] = { column = column, op = op, value = value }
end

--- A condition on the start: words for days and moments become moments.
local function add_time(where, op, value, as)
  local from, to = period.span(value, core.clock.now())
  if not from then
    return usage(
      string.format('%s: "%s" is no time%s; %s', as, value, period.near(value), to),
      'tlab runs --since 7d'
    )
  end
  local first, last = tree.iso(from), tree.iso(to)
  if op == '>=' or op == '=' then
    add(where, 'started', '>=', first)
  elseif op == '>' then
    add(where, 'started', '>=', last)
  elseif op == '<' then
    add(where, 'started', '<', first)
  end
  if op == '<=' or op == '=' then
    add(where, 'started', '<', last)
  end
  return true
end

local function check_status(value)
  for _, status in ipairs(index.STATUS) do
    if status == value then
      return true
    end
  end
  local meant = suggest.text(value, index.STATUS)
  return usage(
    string.format('there is no status "%s"%s', value, meant and ', ' .. meant or ''),
    'tlab runs --status failed  # or ' .. table.concat(index.STATUS, ', ')
  )
end

local function add_condition(where, column, op, value, as)
  if value == '' then
    return usage(as .. ': a value is missing behind ' .. op, 'tlab runs recipe=ai')
  elseif column == 'started' and op ~= '~' then
    return add_time(where, op, value, as)
  elseif column == 'status' and op == '=' then
    local ok, err = check_status(value)
    if not ok then
      return nil, err
    end
  end
  if op ~= '=' and op ~= '~' and not tonumber(value) then
    return usage(
      string.format('%s: "%s" is no number, which is what %s compares', as, value, op),
      "tlab runs 'seconds>=10'  # = is equal, ~ contains"
    )
  end
  add(where, column, op == '=' and EQUALS[column] or OPS[op], value)
  return true
end

--- One condition as it is typed: name, comparison, value.
local function add_word(where, word, prefix)
  local name, op, value = word:match '^([^=<>~]+)([=<>~]=?)(.*)$'
  if not name or not OPS[op] then
    return usage(
      string.format(
        '"%s" is no condition, expected: a column, one of = > >= < <= ~ and a value',
        word
      ),
      word:match '^[%w_.-]+$' and 'tlab runs --text ' .. word
        or "tlab runs 'param.temperature>=0.5'"
    )
  end
  local column, err = column_of((prefix or '') .. name)
  if not column then
    return nil, err
  end
  return add_condition(where, column, op, value, word)
end

--- One column for each option that takes one value.
local PLAIN = { recipe = '=', status = '=', model = '=' }

local function add_options(where, options)
  for name in pairs(PLAIN) do
    if options[name] then
      local ok, err = add_condition(where, ALIAS[name] or name, '=', options[name], '--' .. name)
      if not ok then
        return nil, err
      end
    end
  end
  for _, tag in ipairs(options.tag or {}) do
    add(where, 'tags', 'has', tag)
  end
  for name, op in pairs { since = '>=', ['until'] = '<=' } do
    if options[name] then
      local ok, err = add_time(where, op, options[name], '--' .. name)
      if not ok then
        return nil, err
      end
    end
  end
  for _, param in ipairs(options.param or {}) do
    local ok, err = add_word(where, param, 'param.')
    if not ok then
      return nil, err
    end
  end
  return true
end

--- No run starts in a time that ends before it begins: that is a slip, not an answer.
local function check_times(where)
  local low, high = '', ':' -- before and behind all digits
  for _, condition in ipairs(where) do
    if condition.column == 'started' and condition.op == '>=' then
      low = condition.value > low and condition.value or low
    elseif condition.column == 'started' and condition.op == '<' then
      high = condition.value < high and condition.value or high
    end
  end
  if low >= high then
    return usage(
      string.format('no moment is at or after %s and before %s', low, high),
      'tlab runs --since 2026-10-03 --until 2026-10-05'
    )
  end
  return true
end

--- "-cost" is by cost, the greatest first. By start, the newest comes first unless it is asked for
--- otherwise.
local function set_order(query, options)
  local sort = options.sort
  query.descending = not sort
  if sort then
    local name = sort:gsub('^%-', '')
    local column, err = column_of(name)
    if not column then
      return nil, err
    end
    query.sort = column
    query.descending = name ~= sort
  end
  if options.reverse then
    query.descending = not query.descending
  end
  return true
end

--- The query that options and words mean (host.store.index).
---@param words string[]
---@param options table of the command line
---@return table|nil query, table|nil err
function M.read(words, options)
  local query = { where = core.json.array {}, text = options.text }
  local ok, err = add_options(query.where, options)
  for _, word in ipairs(ok and words or {}) do
    ok, err = add_word(query.where, word)
    if not ok then
      return nil, err
    end
  end
  if ok then
    ok, err = check_times(query.where)
  end
  if ok then
    ok, err = set_order(query, options)
  end
  if not ok then
    return nil, err
  end
  return query
end

return M
