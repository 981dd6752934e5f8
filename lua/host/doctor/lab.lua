--- The part of the doctor that looks at a lab: its disk, who may read it, its git state, its keys.

local core = require 'core'
local shell = require 'host.view.shell'
local state = require 'host.run.state'
local table_view = require 'host.view.table'

local M = {}

local LOW_SPACE, LOW_FILES = 256 << 20, 1000
local FILE_MODE, FOLDER_MODE = 63, 18 -- 0077: for others at all; 0022: written by others
local STICKY = 512 -- 01000

-- The disk --------------------------------------------------------------------------------------

local function check_space(group, root, space)
  local free = table_view.size(space.free) .. ' free'
  local counted = space.files > 0 and space.files_free < LOW_FILES
  if space.free < 1 << 20 or counted and space.files_free < 10 then
    group.fail(
      'space',
      free .. (', %d files'):format(space.files_free),
      'df -h ' .. shell.word(root)
    )
  elseif space.free < LOW_SPACE or counted then
    group.warn(
      'space',
      counted and ('room for %d files only'):format(space.files_free) or free .. ' only',
      'df -h ' .. shell.word(root)
    )
  else
    group.ok('space', free)
  end
end

local function hex(bytes)
  return (bytes:gsub('.', function(byte)
    return ('%02x'):format(byte:byte())
  end))
end

--- Writes, locks, links and renames a file of our own, as a run does.
local function try_disk(root)
  local path = root .. '/.tlab-tmp-' .. hex(core.rand.bytes(8) or 'doctor')
  local ok, err = core.fs.replace(path, 'x')
  if not ok then
    return nil, 'writing and renaming', err
  end
  local no_locks = core.fs.held(path) == nil
  ok, err = core.fs.symlink('.', path)
  core.fs.remove(path)
  if not ok then
    return nil, 'a symbolic link', err
  end
  return true, no_locks
end

local function check_disk(group, root)
  local space, err = core.fs.space(root)
  if not space then
    group.fail('disk', err.message, 'df -h ' .. shell.word(root))
    return false
  end
  if space.read_only then
    group.warn('disk', space.type .. ', read-only: runs can be shown, not made', 'mount | grep ro')
    return false
  end
  check_space(group, root, space)
  local ok, what, fault = try_disk(root)
  if not ok then
    group.fail(
      'disk',
      ('%s: %s fails: %s'):format(space.type, what, fault.message),
      'ls -ld ' .. shell.word(root)
    )
    return false
  elseif what then
    group.warn(
      'disk',
      space.type .. ' has no locks: rows of the index wait, and are read where they lie',
      '# a lab on a disk of this machine'
    )
  elseif space.network then
    group.warn(
      'disk',
      space.type .. ': other machines may see a run late; locks are as good as its server',
      '# a lab on a disk of this machine'
    )
  else
    group.ok('disk', space.type .. ': files, renames, links and locks work')
  end
  return true
end

-- Who may read and write ------------------------------------------------------------------------

local function octal(mode)
  return ('%04o'):format(mode)
end

local function check_mode(group, root, path, forbidden, chmod)
  local full = path == '.' and root or root .. '/' .. path
  local stat = core.fs.stat(full)
  if not stat then
    return
  end
  local bad = stat.mode & forbidden ~= 0 and not (path == '.' and stat.mode & STICKY ~= 0)
  local name = path == '.' and 'lab folder' or path
  if bad then
    local add = path == '.' and group.warn or group.fail
    local who = path == '.' and 'write' or 'read'
    add(
      name,
      ('others may %s it: mode %s'):format(who, octal(stat.mode)),
      ('chmod %s %s'):format(chmod, shell.word(full))
    )
  else
    group.ok(name, 'mode ' .. octal(stat.mode))
  end
  return bad
end

--- A clone has what explains secrets, with git's modes. Any other file makes the folder private.
local EXPLAINS = { ['README.md'] = true, ['example.env.lab'] = true }

local function check_secrets(group, root)
  local entries = core.fs.list(root .. '/secrets')
  local held = not entries -- or not there, which check_mode passes over
  for _, entry in ipairs(entries or {}) do
    held = held or not EXPLAINS[entry.name]
  end
  if held then
    check_mode(group, root, 'secrets', FILE_MODE, '700')
  else
    group.ok('secrets', 'none in it')
  end
end

-- Git -------------------------------------------------------------------------------------------

--- What to type when libgit2 cannot read the repository.
local function git_mend(err, root)
  if err.message:find('extensions.', 1, true) then
    return 'git clone --no-local . ../' .. (root:match '[^/]+$' or 'lab') .. '-plain'
  end
  return 'git fsck'
end

--- A run takes the state down whosever the repository is; a recipe is not given it.
local function is_foreign(root)
  local folder = core.fs.space(root .. '/.git')
  return folder and not folder.own and not core.sys.self().root
end

local function check_git(group, lab)
  local git, patch, err = state.git(lab)
  if err then
    group.fail('git', err.message, git_mend(err, lab.root))
  elseif not git then
    group.ok('git', 'no repository: runs name no commit')
  elseif is_foreign(lab.root) then
    group.warn(
      'git',
      'the repository belongs to another user: runs name its commit, recipes cannot read it',
      ('sudo chown -R "$(id -u):$(id -g)" %s'):format(shell.word(lab.root))
    )
  elseif not git.commit then
    group.warn(
      'git',
      'the branch has no commit yet: a run names none, and keeps all files as its patch',
      'git add -A && git commit -m lab'
    )
  elseif git.dirty then
    local size = table_view.size(#(patch or ''))
    group.ok('git', ('commit %s, and changes of %s'):format(git.commit:sub(1, 12), size))
  else
    group.ok('git', 'commit ' .. git.commit:sub(1, 12) .. ', nothing changed')
  end
end

-- Keys ------------------------------------------------------------------------------------------

local ENV_FILE = 'secrets/.env.lab'
local HOW_TO_ADD = 'mkdir -p -m 700 secrets && (umask 077; cat >> secrets/.env.lab)  # type %s=…'

local function check_key(group, found, refused)
  if found.where then
    group.ok(found.name, 'a key, in ' .. found.where)
  elseif found.code == 'NOT_FOUND' and not found.message:find('age key', 1, true) then
    group.warn(
      found.name,
      'a key of lab.json that has no value here',
      HOW_TO_ADD:format(found.name)
    )
  elseif not (refused and found.message:find(ENV_FILE, 1, true)) then
    local mend = found.message:match '; type: ([^;]+)'
    group.fail(
      found.name,
      found.message,
      mend or 'ls -l secrets/.env.lab  # ' .. found.name .. '=…, 8 characters or more'
    )
  end
end

--- What opens the lab's encrypted files, and whether it is here.
local function check_opener(group, tool)
  if tool.error then
    group.warn(
      tool.name,
      tool.error,
      '# encrypted files stay closed without it; secrets/.env.lab works'
    )
  else
    local add = tool.old and group.fail or group.ok
    add(
      tool.name,
      tool.version .. ', ' .. tool.path,
      tool.old and '# sops 3.7 or age 1.0 is needed' or nil
    )
  end
end

local function check_keys(group, lab, refused)
  local names = core.json.array {}
  for name in pairs(lab.config.secrets) do
    names[#names + 1] = name
  end
  local files = lab.config.secret_files
  local result = core.secret.where(lab.root, names, files)
  for _, found in ipairs(result and result.found or {}) do
    check_key(group, found, refused)
  end
  local opened = result and result.opened
  for _, tool in ipairs(opened and opened.tools or {}) do
    check_opener(group, tool)
  end
  if opened and opened.key then
    group.warn('age key', opened.key, opened.key:match '; type: (.*), or set')
  end
end

--- Adds the lines of a lab.
---@param report doctor.Report
---@param lab lab.Lab
---@return boolean writable
function M.check(report, lab)
  local group = report:group 'lab'
  group.ok('lab', lab.root)
  local writable = check_disk(group, lab.root)
  check_mode(group, lab.root, '.', FOLDER_MODE, 'go-w')
  check_secrets(group, lab.root)
  local refused = check_mode(group, lab.root, ENV_FILE, FILE_MODE, '600')
  check_git(group, lab)
  check_keys(group, lab, refused)
  return writable
end

return M
