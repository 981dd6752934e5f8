--- The part of the doctor that looks at the runs of a lab: what was cut off, what lies about, and
--- whether the index says what the folders say.

local core = require 'core'
local days = require 'host.store.days'
local index = require 'host.store.index'
local rubbish = require 'host.store.rubbish'
local table_view = require 'host.view.table'
local tree = require 'host.store.tree'

local M = {}

local REBUILD = 'tlab runs --rebuild'
local SHOWN = 3 -- names in a line
local AHEAD_MS = 5000 -- clocks of two machines that share a lab differ by as much

local function some(list)
  local shown = table.concat(list, ', ', 1, math.min(#list, SHOWN))
  return #list > SHOWN and ('%s and %d more'):format(shown, #list - SHOWN) or shown
end

local function check_latest(group, root)
  local stat = core.fs.stat(root .. '/latest')
  if not stat then
    return
  elseif stat.type ~= 'link' then
    group.warn('latest', 'a ' .. stat.type .. ' is in the way of the link', 'mv latest latest.old')
    return
  end
  local target = core.fs.readlink(root .. '/latest') or '?'
  if core.fs.stat(root .. '/' .. target .. '/run.json') then
    group.ok('latest', target)
  else
    group.warn('latest', 'leads nowhere: ' .. target, 'rm latest  # the next run makes it anew')
  end
end

--- When the newest run began, by the names of its folders.
local function newest_ms(root)
  local newest
  days.each(root, function(day)
    if newest then
      return
    end
    days.look(root, day, function(_, entry, is_run)
      local h, m, s = entry.name:match('^(%d%d)(%d%d)(%d%d)Z%-')
      if is_run then
        local iso = ('%sT%s:%s:%s.000Z'):format(day:gsub('/', '-'), h, m, s)
        newest = math.max(newest or 0, tree.parse_iso(iso) or 0)
      end
    end)
  end)
  return newest
end

local function check_time(group, root)
  local newest = newest_ms(root)
  if newest and newest > core.clock.now() + AHEAD_MS then
    group.warn(
      'time',
      ('the newest run began at %s, which is still to come'):format(tree.iso(newest)),
      'date -u  # which of the two is wrong?'
    )
  end
end

local function check_rubbish(group, found)
  if #found.entries > 0 then
    group.warn(
      'leftovers',
      ('%s of killed processes, %s'):format(
        table_view.count(#found.entries, 'file or folder', 'files and folders'),
        table_view.size(rubbish.total(found.entries))
      ),
      'tlab gc --dry-run'
    )
  else
    group.ok('leftovers', 'none')
  end
  if #found.broken > 0 then
    group.fail(
      'manifests',
      ('%s without run.json: %s'):format(
        table_view.count(#found.broken, 'run folder'),
        some(found.broken)
      ),
      '# bring run.json back from a copy, or give it up: tlab gc ' .. found.broken[1]
    )
  else
    group.ok('manifests', table_view.count(#found.runs, 'run'))
  end
end

--- Calls fn for each row of the index; an error is a line of its own.
local function each_row(group, lab, query, fn)
  local next_page = index.pages(lab, query)
  while true do
    local page, err = next_page()
    if err then
      group.fail('index', err.message, err.hint or REBUILD)
      return false
    elseif not page then
      return true
    end
    for _, row in ipairs(page.rows) do
      fn(row)
    end
  end
end

local function check_interrupted(group, lab)
  local ids = {}
  local query = { where = { { column = 'status', op = '=', value = 'interrupted' } } }
  each_row(group, lab, query, function(row)
    ids[#ids + 1] = row.id:sub(1, 8)
  end)
  if #ids > 0 then
    group.warn(
      'interrupted',
      ('%s: %s'):format(table_view.count(#ids, 'run was cut off', 'runs were cut off'), some(ids)),
      'tlab resume ' .. ids[1]
    )
  end
end

--- Whether each run has a row and each row a run.
local function check_index(group, lab, found)
  local without_row, without_run, rows = {}, {}, 0
  for _, folder in ipairs(found.runs) do
    without_row[folder] = not found.open[folder] or nil
  end
  local whole = each_row(group, lab, {}, function(row)
    rows = rows + 1
    if without_row[row.folder] == nil and not found.open[row.folder] then
      without_run[#without_run + 1] = row.folder
    end
    without_row[row.folder] = nil
  end)
  if not whole then
    return
  end
  local missing = {}
  for folder in pairs(without_row) do
    missing[#missing + 1] = folder
  end
  if #missing > 0 then
    group.warn(
      'index',
      ('%s no row: %s'):format(table_view.count(#missing, 'run has', 'runs have'), some(missing)),
      REBUILD
    )
  end
  if #without_run > 0 then
    group.warn(
      'index',
      ('%s without a run: %s'):format(table_view.count(#without_run, 'row'), some(without_run)),
      REBUILD
    )
  end
  if #missing + #without_run == 0 then
    group.ok('index', table_view.count(rows, 'row'))
  end
end

--- Adds the lines of a lab's runs.
---@param report doctor.Report
---@param lab lab.Lab
---@param options table {quick, writable, quiet}
function M.check(report, lab, options)
  local group = report:group 'runs'
  check_latest(group, lab.root)
  check_time(group, lab.root)
  check_interrupted(group, lab)
  if options.quick then
    return
  end
  local progress = not options.quiet
    and function(seen)
      core.talk.progress(seen, seen, 'runs looked at')
    end
  local found = rubbish.find(lab.root, progress or nil)
  check_rubbish(group, found)
  check_index(group, lab, found)
end

return M
