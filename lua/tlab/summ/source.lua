--- Where a change comes from: a repository, or a folder that `tlab mine` made.
local places = require 'tlab.mine.source'

local M = {}

local PATCH_MAX = 8 << 20 -- bytes of one commit's patch that are looked at
local PATCHES_MAX = 32 << 20 -- of all commits of a range
local BATCH = 100 -- commits a call
local SHARE = PATCHES_MAX // BATCH -- of one commit of a range

local function fail(code, message, ...)
  error({ code = code, message = message:format(...) }, 0)
end

-- Of a repository. -------------------------------------------------------------------------------

local function kind_of(commit)
  return #commit.parents > 1 and 'merge' or #commit.parents == 0 and 'root' or 'commit'
end

local function one_commit(resolved, repo)
  local commits = assert(tlab.git.log({ from = resolved.commit, limit = 1 }, repo))
  local options = { patch = true, merges = 'first-parent', max_patch = PATCH_MAX }
  local changes = assert(tlab.git.changes({ resolved.commit }, options, repo))
  return { kind = kind_of(commits[1]), commits = commits, changes = changes, skipped = 0 }
end

-- The changes of many commits; when their patches come to too much, the older have numbers alone.
local function changes_of(commits, repo)
  local changes, room = {}, PATCHES_MAX
  for first = 1, #commits, BATCH do
    local ids = {}
    for i = first, math.min(first + BATCH - 1, #commits) do
      ids[#ids + 1] = commits[i].commit
    end
    local options = { patch = room > 0, max_patch = SHARE }
    for _, change in ipairs(assert(tlab.git.changes(tlab.json.array(ids), options, repo))) do
      change.truncated = change.truncated or not options.patch or nil
      changes[#changes + 1] = change
      room = room - #(change.patch or '')
    end
    tlab.talk.progress(#changes, #commits, 'commits')
  end
  return changes
end

local function range(resolved, repo, most)
  local words = ('%s..%s'):format(resolved.from, resolved.commit)
  local commits = assert(tlab.git.log({ from = words, limit = most + 1 }, repo))
  local is_cut = #commits > most
  commits[most + 1] = nil
  return {
    kind = 'range',
    from = resolved.from,
    commits = commits,
    changes = changes_of(commits, repo),
    cut = is_cut and most or nil,
  }
end

local function of_repository(rev, repo, most)
  local resolved = assert(tlab.git.resolve(rev, repo))
  ---@type table
  local change = resolved.kind == 'range' and range(resolved, repo, most)
    or one_commit(resolved, repo)
  change.to, change.ref, change.place = resolved.commit, resolved.ref, 'repository'
  change.path = repo
  return change
end

-- Of a mined folder. -----------------------------------------------------------------------------

-- What commit.json must have for a summary, each of its type; schemas/commit.schema.json says more.
local COMMIT = {
  sha = 'string',
  parents = 'table',
  author_name = 'string',
  author_email = 'string',
  author_time = 'string',
  committer_name = 'string',
  committer_email = 'string',
  subject = 'string',
  body = 'string',
  files = 'table',
}
local FILE = { path = 'string', status = 'string', binary = 'boolean' }

local function has(value, types)
  for name, kind in pairs(type(value) == 'table' and types or {}) do
    if type(value[name]) ~= kind then
      return false
    end
  end
  return type(value) == 'table'
end

local function is_mined(commit)
  if not has(commit, COMMIT) or commit.schema ~= 'tlab.commit/1' then
    return false
  end
  for _, file in ipairs(commit.files) do
    if not has(file, FILE) then
      return false
    end
  end
  return true
end

local function read_commit(folder)
  local text = assert(tlab.fs.read(folder .. '/commit.json'))
  local commit = tlab.json.decode(text)
  if not is_mined(commit) then
    fail('INVALID', '%s/commit.json is not what `tlab mine` writes', folder)
  end
  commit.commit, commit.folder = commit.sha, folder
  return commit
end

local function change_in(commit)
  local patch = tlab.fs.read(commit.folder .. '/diff.patch', PATCH_MAX)
  local truncated = commit.truncated or not patch or nil
  return { commit = commit.commit, files = commit.files, patch = patch, truncated = truncated }
end

-- The change of one mined commit.
local function of_one(commit)
  return {
    kind = kind_of(commit),
    to = commit.commit,
    commits = { commit },
    changes = { change_in(commit) },
  }
end

-- The folders of commits below a mined folder, the newest first.
local function folders_of(folder)
  local folders = {}
  for _, entry in ipairs(tlab.fs.list(folder .. '/commits') or {}) do
    if entry.type == 'folder' and entry.name:find '^%d+%-.*%-%x%x%x%x%x%x%x%x$' then
      folders[#folders + 1] =
        { path = folder .. '/commits/' .. entry.name, sha8 = entry.name:sub(-8) }
    end
  end
  if #folders == 0 then
    fail('NOT_FOUND', '%s has no folder of a commit: mine with patches=true', folder)
  end
  return folders
end

local function near_of(folders)
  local names = {}
  for i = 1, math.min(5, #folders) do
    names[i] = folders[i].sha8
  end
  return ('%s%s'):format(table.concat(names, ', '), #folders > 5 and ' …' or '')
end

-- The one commit of the folders that a revision names: HEAD (the newest), or an id's beginning.
local function find(folders, rev)
  if rev == 'HEAD' or rev == '' then
    return read_commit(folders[1].path)
  elseif not rev:find '^%x%x%x%x+$' then
    fail(
      'INVALID',
      "'%s' is no revision of a mined folder: expected HEAD or at least 4 digits of a commit",
      rev
    )
  end
  local fitting = {}
  rev = rev:lower()
  for _, one in ipairs(folders) do
    if one.sha8 == rev:sub(1, 8) or one.sha8:sub(1, #rev) == rev then
      local commit = read_commit(one.path)
      fitting[#fitting + 1] = commit.commit:sub(1, #rev) == rev and commit or nil
    end
  end
  if #fitting == 0 then
    fail('NOT_FOUND', "no mined commit begins with '%s' (there are: %s)", rev, near_of(folders))
  elseif #fitting > 1 then
    local ids = {}
    for i, commit in ipairs(fitting) do
      ids[i] = commit.commit:sub(1, 12)
    end
    fail('INVALID', "'%s' is ambiguous: %s", rev, table.concat(ids, ', '))
  end
  return fitting[1]
end

-- All that can be reached from a commit, by id.
local function reached(by_id, from)
  local seen, open = {}, { from }
  while #open > 0 do
    local id = table.remove(open)
    if by_id[id] and not seen[id] then
      seen[id] = true
      for _, parent in ipairs(by_id[id].parents) do
        open[#open + 1] = parent
      end
    end
  end
  return seen
end

local function mined_range(folders, from, to, most)
  local all, by_id = {}, {}
  for i, one in ipairs(folders) do
    all[i] = read_commit(one.path)
    by_id[all[i].commit] = all[i]
  end
  local first, last = find(folders, from), find(folders, to)
  local out, within = reached(by_id, first.commit), reached(by_id, last.commit)
  local change =
    { kind = 'range', from = first.commit, to = last.commit, commits = {}, changes = {} }
  for _, commit in ipairs(all) do
    if within[commit.commit] and not out[commit.commit] then
      if #change.commits == most then
        change.cut = most
        break
      end
      change.commits[#change.commits + 1] = commit
      change.changes[#change.changes + 1] = change_in(commit)
    end
  end
  return change
end

local function of_mined(rev, folder, most)
  local folders = folders_of(folder)
  local from, to = rev:match '^(.-)%.%.(.*)$'
  return from and mined_range(folders, from, to, most) or of_one(find(folders, rev))
end

local function of_commit_folder(rev, folder)
  local commit = read_commit(folder)
  if rev ~= 'HEAD' and commit.commit:sub(1, #rev) ~= rev:lower() then
    fail('NOT_FOUND', '%s holds commit %s, not %s', folder, commit.commit:sub(1, 12), rev)
  end
  return of_one(commit)
end

-- What lies at a path of this machine.
local function of_path(rev, path, most)
  assert(tlab.fs.stat(path))
  local change ---@type table
  if tlab.fs.stat(path .. '/commit.json') then
    change = of_commit_folder(rev, path)
  elseif tlab.fs.stat(path .. '/commits.jsonl') then
    change = of_mined(rev, path, most)
  else
    return of_repository(rev, path, most)
  end
  change.place = 'mined folder'
  return change
end

---The commits of a revision or range, the newest first, with what each changed.
---@param spec table {sha, repo?, name?, commits}
---@return table change {kind, from?, to, commits, changes, place, repo?, path?, cut?, why?}
function M.load(spec)
  if not spec.repo then
    return of_repository(spec.sha, nil, spec.commits)
  end
  local where = places.open(spec)
  local load = where.url and of_repository or of_path
  local change = load(spec.sha, where.path, spec.commits)
  change.repo, change.why = where.label, where.why
  return change
end

return M
