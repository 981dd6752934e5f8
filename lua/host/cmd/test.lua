--- tlab test [NAME …]: the tests of recipes, told as TAP on standard output. Exit code 1 when one
--- fails.

local core = require 'core'
local out = require 'host.cmd.out'

local SIGNAL_EXIT = 128
local CPU_SECONDS = 60 -- of a file's tests, and of each run in them

--- Each line as a comment.
local function comment(text)
  return (('\n' .. text:gsub('\n+$', '')):gsub('\n', '\n  # ') .. '\n'):sub(2)
end

--- A test point: a name is one line, in which # begins nothing.
local function point(result, number)
  local name = (result.file:match '([^/]*)_test%.lua$' .. ': ' .. result.name)
  local line = ('%s %d - %s\n'):format(
    result.ok and 'ok' or 'not ok',
    number,
    (name:gsub('%c', ' '):gsub('[\\#]', '\\%0'))
  )
  if result.ok then
    return line
  end
  local place = result.at and result.at .. (result.line and ':' .. result.line or '') .. ': ' or ''
  local hint = result.hint and '\nhelp: ' .. result.hint or ''
  return line .. comment(place .. result.message .. hint)
end

local function run_all(lab, files, options, count)
  local session = require 'host.test.session'
  for _, file in ipairs(files) do
    local signal, err = session.run(lab, file, {
      update = options.update,
      limits = { cpu_seconds = options.limit_cpu or CPU_SECONDS },
      taken = function(path)
        count.taken[#count.taken + 1] = path
      end,
      told = function(result)
        count.tests[#count.tests + 1] = result
        count.failed = count.failed + (result.ok and 0 or 1)
        if not options.json then
          out.out(point(result, #count.tests))
        end
      end,
    })
    if not signal or signal > 0 then
      return signal, err
    end
  end
  return 0
end

local function tell_end(count, options)
  if options.json then
    out.json {
      passed = #count.tests - count.failed,
      failed = count.failed,
      tests = count.tests,
      updated = options.update and count.taken or nil,
    }
    return
  end
  out.out(('1..%d\n'):format(#count.tests))
  if not options.quiet then
    for _, path in ipairs(count.taken) do
      out.err('updated ' .. path .. '\n')
    end
    out.err(('%d passed, %d failed\n'):format(#count.tests - count.failed, count.failed))
  end
end

return function(words, options)
  local lab, err = require('host.lab').find '.'
  local files
  if lab then
    files, err = require('host.test.find').files(lab, words)
  end
  if not files then
    return nil, err
  end
  local count = { tests = core.json.array {}, taken = core.json.array {}, failed = 0 }
  local signal
  signal, err = run_all(lab, files, options, count)
  if not signal then
    return nil, err
  elseif signal > 0 then
    out.out 'Bail out! stopped by a signal\n'
    return SIGNAL_EXIT + signal
  end
  tell_end(count, options)
  return count.failed == 0 and 0 or core.exit_code 'RUN_FAILED'
end
