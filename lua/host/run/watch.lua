--- A recipe that is run again whenever something it is made of changes: its file, its modules, its
--- schema, the spec's file, lab.json, and what it read of files. Each round is a run of its own;
--- what is asked as before is answered from the record of an earlier one.

local core = require 'core'
local labs = require 'host.lab'
local lifecycle = require 'host.run.lifecycle'
local permits = require 'host.run.permits'
local read = require 'host.manifest.read'

local M = {}
M.__index = M

local QUIET_MS = 100 -- changes that follow each other sooner are one
local INDEX = 'lab:runs.csv' -- changes with each run, also that of a recipe that reads it

---@class watch.Watch
---@field how table of lifecycle.run; its lab, permits, seed and record change from round to round
---@field files table<string, string> what is watched: path → SHA-256, '' for none
---@field called table<string, boolean> those of them that runs which were called are made of

---@param how table of lifecycle.run
---@param count? integer how many effects the record has that it is to be answered from
function M.new(how, count)
  how.reread = true
  return setmetatable({ how = how, files = {}, called = {}, count = count }, M)
end

local function sum(text)
  return text and core.hash.bytes(text) or ''
end

--- What a run read, as its manifest tells it.
local function add_inputs(root, manifest, add)
  for _, input in ipairs(manifest.inputs or {}) do
    local below = input.path:match '^lab:(.*)'
    if input.path ~= INDEX then
      add(below and root .. '/' .. below or input.path, input.sha256)
    end
  end
end

--- What the runs that it called are made of. Their folders lie in the lab.
local function add_called(root, manifest, add)
  for _, call in ipairs(manifest.calls or {}) do
    local made = read.read(root .. '/' .. call.folder)
    if made then
      add(root .. '/' .. made.recipe.file, made.recipe.sha256)
      for _, module in ipairs(made.recipe.modules or {}) do
        if module.origin == 'lab' then
          add(root .. '/lua/' .. module.name:gsub('%.', '/') .. '.lua', module.sha256)
        end
      end
      add_inputs(root, made, add)
      add_called(root, made, add)
    end
  end
end

--- What was allowed on the terminal need not be asked for a second time.
local function keep_granted(how, manifest)
  for _, family in ipairs(permits.FAMILIES) do
    local lab = how.lab.config.permits.allow[family]
    for _, item in ipairs(manifest.permits.allowed[family]) do
      local known = permits.match(family, item, lab)
        or permits.match(family, item, how.allow[family])
      if not known then
        how.allow[family] = how.allow[family] or {}
        table.insert(how.allow[family], item)
      end
    end
  end
end

--- The next round is answered from this run, unless it came less far than the one before: what was
--- answered then shall not be asked again for a slip that is mended soon.
local function keep_record(self, result)
  local manifest = result.manifest
  local count = manifest.effects and manifest.effects.count or 0
  if manifest.status == 'succeeded' or count >= (self.count or 0) then
    self.count, self.how.reuse, self.how.seed = count, result.dir, manifest.seed
  end
end

--- Runs it once.
---@return table|nil result of lifecycle.run
---@return table|nil err it came to no run
---@return boolean found there is such a recipe at all
function M:round()
  local how, files = self.how, {}
  local root, found = how.lab.root, false
  local lab, err = labs.find(root)
  files[root .. '/lab.json'] = sum(core.fs.read(root .. '/lab.json'))
  how.lab = lab or how.lab
  function how.seen(path, text)
    found = true
    files[path] = sum(text)
  end
  function how.read(path) -- the spec
    local text, why = core.fs.read(path)
    how.seen(path, text)
    return text, why
  end
  local result
  if lab then
    result, err = lifecycle.run(how)
  end
  if result then
    self.called = {}
    add_inputs(root, result.manifest, function(path, sha256)
      files[path] = files[path] or sha256
    end)
    add_called(root, result.manifest, function(path, sha256)
      files[path] = files[path] or sha256
      self.called[path] = true
    end)
    keep_granted(how, result.manifest)
    keep_record(self, result)
  else
    for path in pairs(self.files) do -- of a round that came to nothing not all is known
      files[path] = files[path] or sum(core.fs.read(path))
    end
  end
  self.files = files
  return result, err, found
end

--- Waits for a change.
---@return table|nil what {changed = paths, signal?}
---@return table|nil err
function M:wait()
  local what, err = core.fs.watch(self.files, QUIET_MS)
  self.how.recall = false
  for _, path in ipairs(what and what.changed or {}) do
    self.how.recall = self.how.recall or self.called[path] or false
  end
  return what, err
end

return M
