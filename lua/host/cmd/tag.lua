--- tlab tag RUN [WORD…]: gives a run words to be found by, with --remove takes them away; without
--- a word prints those it has.

local core = require 'core'
local noted = require 'host.cmd.noted'
local out = require 'host.cmd.out'

local WORD_MAX = 64

local function check(words)
  for _, word in ipairs(words) do
    if #word > WORD_MAX or not word:match('^[%w_.:/-]+$') then
      return nil,
        {
          code = 'USAGE',
          message = ('"%s" is no tag: letters, digits and _ - . : / go, at most %d of them'):format(
            word,
            WORD_MAX
          ),
          hint = 'tlab tag latest baseline',
        }
    end
  end
  return true
end

local function contains(list, word)
  for _, each in ipairs(list) do
    if each == word then
      return true
    end
  end
  return false
end

--- Writes what changes anything; the others are named on standard error.
local function apply(run, words, remove)
  local changed = core.json.array {}
  for _, word in ipairs(words) do
    if contains(run.tags, word) == remove then
      local entry, err = noted.add(run, remove and 'untag' or 'tag', word)
      if not entry then
        return nil, err
      end
      changed[#changed + 1] = word
    else
      out.err(('note: %s %s the tag %s\n'):format(run.id8, remove and 'has not' or 'has', word))
    end
  end
  return changed
end

return function(words, options)
  if options.remove and #words == 1 then
    return nil,
      {
        code = 'USAGE',
        message = '--remove needs the tags that go, expected: tlab tag RUN WORD ... --remove',
        hint = 'tlab tag ' .. words[1] .. ' baseline --remove',
      }
  end
  local run, err = noted.open(words[1])
  if not run then
    return nil, err
  end
  local ok
  words = table.move(words, 2, #words, 1, {})
  ok, err = check(words)
  if not ok then
    return nil, err
  end
  local remove = options.remove or false
  local changed
  changed, err = apply(run, words, remove)
  if not changed then
    return nil, err
  end
  if #changed > 0 then
    noted.index(run)
  end
  if options.json then
    out.json {
      id = run.manifest.id,
      tags = core.json.array(run.tags),
      [remove and 'removed' or 'added'] = changed,
    }
  elseif not options.quiet then
    out.out(#run.tags > 0 and table.concat(run.tags, ' ') .. '\n' or '')
  end
  return 0
end
