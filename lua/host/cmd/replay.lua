--- tlab replay RUN [--with RECIPE]: exit code 0 when every byte is the same, 5 when not. With
--- another recipe it is a run of its own, answered from the record.

local core = require 'core'
local find = require 'host.store.find'
local out = require 'host.cmd.out'
local table_view = require 'host.view.table'

--- One difference, told: which file or what else, then both sides or what was said of them.
local function line(each)
  local text = each.message or table_view.sides(each)
  if each.path then
    return string.format(
      '%s: %s%s\n',
      each.path,
      each.what,
      text ~= '' and ' (' .. text .. ')' or ''
    )
  end
  local both = each.recorded
    and string.format('  recorded: %s\n  asked:    %s\n', each.recorded, each.asked)
  return string.format('%s: %s\n%s', each.what, text, both or '')
end

local function tell(result, options)
  local recorded = result.manifest.effects
  local effects = result.effects or recorded and recorded.count or 0
  local id8 = result.manifest.id:sub(1, 8)
  if result.note and not options.json then
    out.err('note: ' .. result.note .. '\n')
  end
  if options.json then
    out.json {
      same = result.same,
      note = result.note,
      id = result.manifest.id,
      effects = effects,
      files = result.files,
      differences = core.json.array(result.differences),
    }
  elseif result.same then
    if not options.quiet then
      out.out(
        string.format(
          'same: %s answered from the record of %s, %s with the same bytes\n',
          table_view.count(effects, 'effect'),
          id8,
          table_view.count(result.files, 'file')
        )
      )
    end
  else
    local lines = {}
    for i, each in ipairs(result.differences) do
      lines[i] = line(each)
    end
    out.out(table.concat(lines))
  end
  return result.same and 0 or core.exit_code('DIFFERS')
end

return function(words, options)
  local dir, err, lab = find.typed(words[1])
  if not dir then
    return nil, err
  end
  if options.with and not lab then
    lab, err = require('host.lab').find('.')
    if not lab then
      return nil, err
    end
  end
  local result
  result, err = require('host.run.replay').run {
    dir = dir,
    with = options.with,
    lab = lab,
    no_input = options.no_input or options.json or false,
  }
  if not result then
    return nil, err
  end
  if options.with then
    return require('host.cmd.outcome').tell(result, options, lab)
  end
  return tell(result, options)
end
