--- tlab log [DAY | FROM..TO]: what was done, day by day, from the index.

local core = require 'core'
local index = require 'host.store.index'
local log_view = require 'host.view.log'
local out = require 'host.cmd.out'
local period = require 'host.store.period'
local tree = require 'host.store.tree'

local function read_days(word)
  local from, to = period.days(word, core.clock.now())
  if not from then
    return nil,
      {
        code = 'USAGE',
        message = string.format(
          '"%s" names no days%s; %s, or FROM..TO',
          word,
          period.near(word),
          to
        ),
        hint = 'tlab log 2026-10-01..2026-10-07',
      }
  elseif from >= to then
    return nil,
      {
        code = 'USAGE',
        message = string.format('"%s" ends before it begins', word),
        hint = 'tlab log 2026-10-01..2026-10-07',
      }
  end
  return {
    where = core.json.array {
      { column = 'started', op = '>=', value = tree.iso(from) },
      { column = 'started', op = '<', value = tree.iso(to) },
    },
    descending = false,
    as = 'json',
  }
end

--- Calls fn for each day that has runs, the first one first; a day at a time is in memory.
local function each_day(lab, query, fn)
  local next_page = index.pages(lab, query)
  local sum
  while true do
    local page, err = next_page()
    if err then
      return nil, err
    end
    for line in (page and page.text or ''):gmatch '[^\n]+' do
      local run = core.json.decode((line:gsub(',$', '')))
      local day = run.started:sub(1, 10)
      if sum and sum.day ~= day then
        fn(sum)
        sum = nil
      end
      sum = sum or log_view.new(day)
      log_view.add(sum, run)
    end
    if not page then
      break
    end
  end
  if sum then
    fn(sum)
  end
  return true
end

local function print_json(lab, query)
  local between = '['
  local ok, err = each_day(lab, query, function(sum)
    out.out(between .. core.json.encode(sum))
    between = ',\n'
  end)
  if not ok then
    return nil, err
  end
  out.out((between == '[' and '[' or '') .. ']\n')
  return 0
end

local function print_text(lab, query, word, options)
  local style = require('host.view.style').new('stdout', core.args)
  local count = 0
  local ok, err = each_day(lab, query, function(sum)
    out.out((count > 0 and '\n' or '') .. log_view.text(sum, { style = style }), style)
    count = count + 1
  end)
  if not ok then
    return nil, err
  end
  if count == 0 and not options.quiet then
    out.err(string.format('no run began then (%s, UTC)\nhelp: tlab log 7d\n', word))
  end
  return 0
end

return function(words, options)
  local word = words[1] or 'today'
  local lab, err = require('host.lab').find '.'
  if not lab then
    return nil, err
  end
  local query
  query, err = read_days(word)
  if not query then
    return nil, err
  end
  if options.json then
    return print_json(lab, query)
  end
  return print_text(lab, query, word, options)
end
