--- The index: what runs.csv, the rows that wait beside it and the runs in progress say. Nothing
--- here looks into a run's folder.

local core = require 'core'

local M = {}

M.COLUMNS = {
  'started',
  'id',
  'recipe',
  'status',
  'seconds',
  'models',
  'tags',
  'tokens_in',
  'tokens_out',
  'cost',
  'currency',
  'effects',
  'failed',
  'outputs',
  'commit',
  'dirty',
  'key',
  'replay_of',
  'note',
  'params',
  'metrics',
  'error',
  'folder',
}

M.STATUS = { 'running', 'succeeded', 'failed', 'interrupted', 'timeout' }

local REBUILD = 'tlab runs --rebuild'

--- What is wrong with the file is mended by making it again.
local function explained(err)
  if err.code == 'PARSE' then
    err.details = { 'runs.csv is made from the folders of the runs, and can be made again' }
    err.hint = REBUILD
  end
  return err
end

--- A run begins: from here on others see that it is in progress, and, should its process be killed,
--- that it was. A lab where that cannot be written down is told of at the run's end, if it comes to
--- that: the index is not what a run fails of.
---@param run table {lab, id, folder}
---@return table|nil err
function M.begin(run)
  local _, err = core.index.open(run.lab.root, run.id, run.folder)
  return err
end

--- The run did not come about.
---@param run table
function M.forget(run)
  core.index.close(run.lab.root, run.id)
end

local function is_there(lab)
  return core.fs.stat(lab.root .. '/runs.csv') ~= nil
end

--- The run's row is made from its folder, as it is now, and put into the index, or left where the
--- next one who looks puts it there. Ends what M.begin began. An index that this run begins takes
--- all others in, too: in a clone there may be many.
---@param run table {lab, dir}
---@return table|nil err what the person is told: the index lacks it
function M.finish(run)
  local first = not is_there(run.lab)
  local ok, err = core.index.put(run.lab.root, run.dir)
  if ok and first then
    ok, err = core.index.rebuild(run.lab.root)
  end
  if ok then
    return nil
  end
  return {
    code = err.code,
    message = 'runs.csv has not what this run says: ' .. err.message,
    hint = REBUILD,
  }
end

--- Takes the row of a run away whose folder is no more, or will be another's.
---@param lab table
---@param manifest table of the run
---@return table|nil err
function M.drop(lab, manifest)
  local _, err = core.index.drop(lab.root, manifest.time.started, manifest.id)
  return err
end

--- A lab that has days and no index, as a clone has, gets one before the first answer.
local function begin_index(lab)
  for _, entry in ipairs(not is_there(lab) and core.fs.list(lab.root) or {}) do
    if entry.type == 'folder' and entry.name:match '^%d%d%d%d$' then
      local _, err = core.index.rebuild(lab.root)
      if err then
        core.term.err('warning: runs.csv cannot be made: ' .. err.message .. '\n')
      end
      return
    end
  end
end

--- Takes in what waits, and says what goes on. A lab that cannot be written answers all the same.
---@param lab table with `untouched` it stays as it is, and answers all the same
---@return string[] running folders of the runs in progress
function M.settle(lab)
  if lab.untouched then
    return {}
  end
  begin_index(lab)
  local settled = core.index.settle(lab.root)
  return settled and settled.running or {}
end

--- Is told of an index that ends in half a line: whoever wrote it was killed where that cannot be
--- mended, or somebody else cut the file. Rows may be missing behind it.
local function tell_cut()
  core.term.err('warning: the last line of runs.csv is cut off: rows may be missing\n')
  core.term.err('help: ' .. REBUILD .. '\n')
end

--- The rows that fit, a page at a time; select's own words (core/gate/ops.def) are the query's.
--- Raises nothing: the last values of the loop are nil, err when it fails.
---@param lab table
---@param query table {where?, text?, sort?, descending?, limit?, as?}
---@return fun(): table|nil, table|nil
function M.pages(lab, query)
  local ask = { running = core.json.array(M.settle(lab)) }
  for name, value in pairs(query) do
    ask[name] = value
  end
  local ended = false
  return function()
    if ended then
      return nil
    end
    local page, err = core.index.select(lab.root, ask)
    ended = not (page and page.cursor)
    if not page then
      return nil, explained(err)
    elseif page.cut and not ask.cursor then
      tell_cut()
    end
    ask.cursor = page.cursor
    ask.limit = ask.limit and ask.limit - page.count
    return page
  end
end

--- All rows that fit, as maps from column to text; what is empty is not there.
---@param lab table
---@param query table
---@return table[]|nil rows, table|nil err
function M.rows(lab, query)
  local rows = {}
  local next_page = M.pages(lab, query)
  while true do
    local page, err = next_page()
    if err then
      return nil, err
    elseif not page then
      return rows
    end
    table.move(page.rows, 1, #page.rows, #rows + 1, rows)
  end
end

--- Makes a run's row anew from its folder, as after a note.
---@param lab table
---@param folder string the run's, relative to the lab
---@return string|nil "written" or "pending"
---@return table|nil err
function M.put(lab, folder)
  return core.index.put(lab.root, lab.root .. '/' .. folder)
end

return M
