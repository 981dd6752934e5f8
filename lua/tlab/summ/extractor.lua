--- The symbols that a change touches, by rust_extractor where it is there and allowed; otherwise
--- by the lines behind the @@ of hunks, and why.
local symbols = require 'tlab.summ.symbols'
local text = require 'tlab.text'

local M = {}

local PROGRAM = 'rust_extractor'
local CONTENTS = 40 -- files of which it gets the whole contents
local CONTENT = 1 << 20 -- bytes of one
local TIMEOUT = 60000 -- ms
local OUTPUT = 64 << 20 -- bytes

-- Whether a path can be the name of a file in the program's folder.
local function is_plain(path)
  return not path:find '[%c\\]' and utf8.len(path) ~= nil and #path < 1000
end

-- What the program parses best: both whole contents of a file that was there before and is now.
local function add_contents(files, change, repo)
  local commit, count = change.commits[1], 0
  for _, file in ipairs(change.changes[1].files) do
    local old = file.old_path or file.path
    local is_changed = file.status == 'M' or file.status == 'R'
    if is_changed and not file.binary and file.new_mode ~= '160000' and count < CONTENTS then
      if is_plain(file.path) and is_plain(old) then
        local before = tlab.git.blob(commit.parents[1], old, repo, CONTENT)
        local now = before and tlab.git.blob(commit.commit, file.path, repo, CONTENT)
        if now then
          files['old/' .. old], files['new/' .. file.path] = before, now
          count = count + 1
        end
      end
    end
  end
end

-- One commit is a folder; of several the patches are enough, as `git log -p` writes them.
local function command_of(change)
  local command = { timeout_ms = TIMEOUT, max_bytes = OUTPUT }
  if #change.commits ~= 1 then
    local parts = {}
    for _, one in ipairs(change.changes) do
      parts[#parts + 1] = ('commit %s\n\n%s\n'):format(one.commit, one.patch or '')
    end
    command.argv, command.stdin = { PROGRAM }, table.concat(parts)
    return command
  end
  command.argv = { PROGRAM, '.' }
  command.files = {
    ['commit.json'] = tlab.json.encode { sha = change.commits[1].commit },
    ['diff.patch'] = change.changes[1].patch or '',
  }
  if change.place == 'repository' and change.kind ~= 'root' then
    add_contents(command.files, change, change.path)
  end
  return command
end

-- Runs it once: what it printed, or nil and why there is nothing.
local function ask(command)
  local ok, done, err = pcall(tlab.proc.run, command)
  if not ok and (type(done) ~= 'table' or done.code ~= 'NOT_PERMITTED') then
    error(done, 0)
  elseif not ok then
    return nil, ('`%s` was not allowed: `--allow-run=%s`'):format(PROGRAM, PROGRAM)
  elseif not done and err.code == 'NOT_FOUND' then
    return nil, ('`%s` is not installed: `make tools`'):format(PROGRAM)
  elseif not done then
    return nil, ('`%s` failed: %s'):format(PROGRAM, err.code)
  elseif done.exit ~= 0 then
    local how = done.exit and 'exit code ' .. done.exit or 'signal ' .. done.signal
    return nil, ('`%s` failed with %s'):format(PROGRAM, how)
  end
  return done.stdout
end

-- Its symbols, or nil and why there are none. Contents are read only for a program that is there.
local function run(change)
  local said, why = ask { argv = { PROGRAM, '--version' } }
  if said then
    said, why = ask(command_of(change))
  end
  if not said then
    return nil, why
  end
  local list
  list, why = symbols.of_extractor(said)
  return list, not list and ('`%s` failed: %s'):format(PROGRAM, why) or nil
end

-- Each symbol of a file once, as the newest commit has it; and how many are known from hunks alone.
local function once(list)
  local known, out, partial = {}, {}, 0
  for _, one in ipairs(list) do
    local name = table.concat({ one.path, one.kind, one.container or '', one.name }, '\0')
    if not known[name] then
      known[name] = true
      one.path, one.name = text.valid(one.path), text.valid(one.name)
      partial, one.partial = partial + (one.partial and 1 or 0), nil
      out[#out + 1] = one
    end
  end
  return out, partial > 0 and ('%d of %d from hunks alone'):format(partial, #out) or nil
end

---@param change table of tlab.summ.source
---@param files summ.File[]
---@return table {from, list, why?}
function M.symbols(change, files)
  if #files == 0 then
    return { from = 'headings', list = {} }
  end
  local list, why = run(change)
  if list then
    list, why = once(list)
    return { from = PROGRAM, list = list, why = why }
  end
  return { from = 'headings', list = symbols.of_headings(files), why = why }
end

return M
