--- tlab runs: the runs of the lab that fit, from the index.

local core = require 'core'
local filters = require 'host.cmd.filters'
local index = require 'host.store.index'
local latest = require 'host.store.latest'
local out = require 'host.cmd.out'
local suggest = require 'host.view.suggest'

local SHOWN = 50 -- rows of the table, unless --limit says otherwise

--- Columns whose values are names, and where those that there are come from.
local NAMED = { recipe = 'recipe', tags = 'tag', models = 'model' }

--- Why a list may be empty: the lab has no run, or what was asked for does not exist.
local function tell_none(query)
  if #query.where == 0 and not query.text then
    out.err('there is no run in this lab yet\nhelp: ' .. latest.NONE.hint .. '\n')
    return
  end
  local meant
  for _, condition in ipairs(query.where) do
    local kind = (condition.op == '=' or condition.op == 'has') and NAMED[condition.column]
    local names, there = {}, false
    for i, each in ipairs(kind and require('host.cmd.complete_kinds')[kind]() or {}) do
      names[i] = each[1]
      there = there or each[1] == condition.value
    end
    meant = not there and suggest.text(condition.value, names) or meant
  end
  out.err('no run fits' .. (meant and ', ' .. meant or '') .. '\n')
end

local function table_of(lab, query, options)
  local limit = query.limit or options.limit and math.maxinteger or SHOWN
  query.limit = limit < math.maxinteger and limit + 1 or nil
  local rows, err = index.rows(lab, query)
  if not rows then
    return nil, err
  end
  local is_cut = #rows > limit
  if is_cut then
    rows[#rows] = nil
  end
  if #rows > 0 then
    local style = require('host.view.style').new('stdout', core.args)
    local info = core.term.info()
    local columns = info.stdout and info.columns or nil
    out.out(require('host.view.runs').text(rows, { columns = columns, style = style }), style)
  end
  if options.quiet then
    return 0
  elseif is_cut then
    out.err(
      string.format('%d shown, and there are more: --limit=N, or --csv or --json for all\n', limit)
    )
  elseif #rows == 0 then
    tell_none(query)
  end
  return 0
end

--- Writes pages of text as they come: `before` the first one, `between` two, `after` the last.
--- Nothing is written when already the first cannot be had.
local function stream(lab, query, before, between, after)
  local next_page = index.pages(lab, query)
  local is_first = true
  while true do
    local page, err = next_page()
    if err then
      return nil, err
    elseif not page then
      out.out((is_first and before or '') .. after)
      return 0
    end
    if page.count > 0 then
      out.out((is_first and before or between) .. page.text)
      is_first = false
    end
  end
end

local function csv(lab, query)
  query.as = 'csv'
  return stream(lab, query, table.concat(index.COLUMNS, ',') .. '\n', '', '')
end

--- One list, a row a line: no string of JSON holds a line end.
local function json(lab, query)
  query.as = 'json'
  return stream(lab, query, '[', ',\n', ']\n')
end

return function(words, options)
  local lab, err = require('host.lab').find '.'
  if not lab then
    return nil, err
  end
  if options.csv and options.json then
    return nil, { code = 'USAGE', message = 'an answer is one of --csv and --json, not both' }
  elseif options.rebuild then
    return require 'host.cmd.rebuild'(lab, words, options)
  end
  local query
  query, err = filters.read(words, options)
  if not query then
    return nil, err
  end
  query.limit = options.limit ~= 0 and options.limit or nil
  if options.json then
    return json(lab, query)
  elseif options.csv then
    return csv(lab, query)
  end
  return table_of(lab, query, options)
end
