--- tlab gc: removes what killed processes left. A run goes only when it is named.

local core = require 'core'
local index = require 'host.store.index'
local named = require 'host.store.named'
local out = require 'host.cmd.out'
local rubbish = require 'host.store.rubbish'
local table_view = require 'host.view.table'

local function lines_of(entries)
  local rows = {}
  for i, entry in ipairs(entries) do
    rows[i] = { entry.path, table_view.size(entry.size), entry.why }
  end
  return table_view.columns(rows)
end

--- Whether to go on: said on the command line, or on the terminal.
local function agreed(words, entries, options)
  if options.yes then
    return true
  end
  local answer
  if not (options.no_input or options.json) then
    local things = table_view.count(#entries, 'of these', 'of these')
    answer = core.term.ask(
      ('remove %s, %s, for good? [y/N] '):format(things, table_view.size(rubbish.total(entries)))
    )
  end
  if answer == nil then
    local hint = table.concat({ 'tlab gc', table.unpack(words) }, ' ') .. ' --yes'
    return nil, { code = 'USAGE', message = 'nothing is removed unasked', hint = hint }
  end
  return answer:match('^[yY]') ~= nil
end

--- Removes them one by one; what fails is told, and the others go on.
local function remove_all(lab, entries, remove)
  local removed, kept, first = core.json.array {}, core.json.array {}, nil
  for _, entry in ipairs(entries) do
    local gone, err = remove(lab.root, entry)
    if gone then
      removed[#removed + 1] = entry
    else
      entry.why = err and err.message or 'a process has taken it up'
      kept[#kept + 1] = entry
      first = first or err
    end
  end
  return removed, kept, first
end

local function tell(removed, kept, options)
  if options.json then
    out.json { dry_run = options.dry_run or false, removed = removed, kept = kept }
    return
  end
  for _, entry in ipairs(kept) do
    out.err(('kept: %s: %s\n'):format(entry.path, entry.why))
  end
  if not options.quiet then
    out.out(lines_of(removed))
    local verb = options.dry_run and 'would be removed' or 'removed'
    local things = table_view.count(#removed, 'thing')
    out.err(('%s: %s, %s\n'):format(verb, things, table_view.size(rubbish.total(removed))))
  end
end

--- What there is to remove, and the function that removes one of it.
local function plan(lab, words, options)
  if #words > 0 then
    local entries, err = named.entries(lab, words)
    return entries, named.remove, err
  end
  if not options.dry_run then
    index.settle(lab)
  end
  return rubbish.find(lab.root).entries, rubbish.remove
end

return function(words, options)
  local lab, err = require('host.lab').find '.'
  if not lab then
    return nil, err
  end
  local entries, remove
  entries, remove, err = plan(lab, words, options)
  if not entries then
    return nil, err
  end
  if options.dry_run or #entries == 0 then
    tell(core.json.array(entries), core.json.array {}, options)
    return 0
  end
  if not (options.yes or options.quiet or options.json) then
    out.err(lines_of(entries))
  end
  local go
  go, err = agreed(words, entries, options)
  if err then
    return nil, err
  elseif not go then
    return 0
  end
  local removed, kept, fault = remove_all(lab, entries, remove)
  tell(removed, kept, options)
  if #words > 0 and #removed > 0 then
    local ok
    ok, err = named.forget(lab, removed)
    if not ok then
      return nil, err
    end
  end
  return fault and core.exit_code(fault.code) or 0
end
