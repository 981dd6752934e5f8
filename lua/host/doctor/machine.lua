--- The part of the doctor that needs no lab: tlab itself, the kernel, the worker, the clock.

local core = require 'core'
local tree = require 'host.store.tree'

local M = {}

local SANE = { from = 1704067200000, to = 4102444800000 } -- 2024-01-01 to 2100-01-01

--- Variables whose absence changes what a run does; the others are locale and the like.
local MISSED = { '^.*_proxy$', '^openssl_', '^ssl_cert_', '^curl_', '^ld_' }

local function check_tlab(group)
  local library = core.library_digest()
  if library:match('^override:') then
    group.warn(
      'tlab',
      ('%s with another library than its own: --dev-lua'):format(core.version),
      'tlab doctor  # without --dev-lua'
    )
  else
    group.ok('tlab', ('%s, library %s'):format(core.version, library:sub(1, 12)))
  end
end

local function check_kernel(group, self)
  local info = core.sys.info() or {}
  if self.openat2 then
    group.ok('kernel', ('%s, %s'):format(info.kernel or '?', info.libc or 'another C library'))
  else
    group.fail(
      'kernel',
      ('%s has no openat2: recipes cannot reach files'):format(info.kernel or 'this kernel'),
      '# Linux 5.6 or newer, and a container that lets openat2 through'
    )
  end
  if not self.memfd then
    group.fail('memfd', 'programs cannot be given input: the kernel has no memfd', '# Linux 3.17')
  end
end

--- Starts a worker as a run does, and asks what the kernel took from it.
local function check_worker(group)
  local session, err = core.session {
    mode = 'live',
    offline = true,
    limits = { cpu_seconds = 10, memory = 64 << 20, seconds = 10 },
    module = function()
      return nil
    end,
    quiet = true,
  }
  if not session then
    group.fail('worker', 'it does not start: ' .. err.message, 'tlab version --json')
    return
  end
  local held = session:held()
  session:close()
  local layers, missing = {}, {}
  for _, layer in ipairs { 'landlock', 'seccomp', 'rlimits', 'no_new_privs' } do
    local list = held[layer] and layers or missing
    local abi = layer == 'landlock' and held[layer] and ' ' .. held[layer] or ''
    list[#list + 1] = layer .. abi
  end
  if #missing == 0 then
    group.ok('worker', 'starts, and is held by ' .. table.concat(layers, ', '))
  else
    group.warn(
      'worker',
      ('starts, held by %s, but this kernel lacks %s'):format(
        table.concat(layers, ', '),
        table.concat(missing, ', ')
      ),
      'cat /sys/kernel/security/lsm  # landlock stands there where it is switched on'
    )
  end
end

--- What would hold a program that a recipe runs: seen by running one.
local function check_programs(group, self)
  local held = self.programs
  if held.error then
    group.warn(
      'programs',
      'recipes can run none: ' .. held.error,
      'export TMPDIR=…  # a folder of yours'
    )
    return
  end
  local by = ' (' .. table.concat(held.how, ', ') .. ')'
  local closed = held.files:sub(1, 4) ~= 'open'
  if held.network == 'none' and closed then
    group.ok('programs', 'of recipes have no network, and no files but their own' .. by)
    return
  end
  local reach = closed and 'the network'
    or held.network == 'none' and "the user's files"
    or "the network and the user's files"
  group.warn(
    'programs',
    ('of recipes can reach %s: this kernel cannot hold them%s'):format(reach, by),
    'cat /sys/kernel/security/lsm  # landlock stands there where it is switched on'
  )
end

local function check_user(group, self)
  if self.root then
    group.warn(
      'user',
      'root: files of runs belong to root, and a fault in tlab could reach everything',
      '# work as an ordinary user'
    )
  else
    group.ok('user', 'an ordinary one')
  end
end

local function check_clock(group)
  local first, now = core.clock.monotonic(), core.clock.now()
  if now < SANE.from or now >= SANE.to then
    group.fail(
      'clock',
      'it says ' .. tree.iso(now) .. ': runs would be filed under a wrong day',
      'sudo timedatectl set-ntp true'
    )
  elseif core.clock.monotonic() < first then
    group.fail('clock', 'the clock that must never jump went back', '# restart the machine')
  else
    group.ok('clock', tree.iso(now))
  end
end

local function is_missed(name)
  for _, pattern in ipairs(MISSED) do
    if name:lower():match(pattern) then
      return true
    end
  end
  return false
end

--- Variables that libraries read behind everybody's back are taken out before anything starts.
local function check_environment(group, self)
  local missed = {}
  for _, name in ipairs(self.cleared) do
    if is_missed(name) then
      missed[#missed + 1] = name
    end
  end
  if #missed > 0 then
    group.warn(
      'environment',
      'set, and not used by tlab: ' .. table.concat(missed, ', '),
      'unset ' .. table.concat(missed, ' ')
    )
  else
    group.ok(
      'environment',
      #self.cleared == 0 and 'nothing that libraries would read'
        or 'set, and not used by tlab: ' .. table.concat(self.cleared, ', ')
    )
  end
end

--- Adds the lines of the machine.
---@param report doctor.Report
function M.check(report)
  local group = report:group 'machine'
  local self = core.sys.self()
  check_tlab(group)
  require('host.doctor.libraries').check(report)
  check_kernel(group, self)
  check_worker(group)
  check_programs(group, self)
  check_user(group, self)
  check_clock(group)
  check_environment(group, self)
end

return M
