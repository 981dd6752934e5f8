--- The folders of the date tree, and the run folders in them, by their names alone. A link is none
--- of them.

local core = require 'core'
local tree = require 'host.store.tree'

local M = {}

local DEPTH = 4 -- folders below a day in which a run may lie: ai-team/artifacts/… and one to spare

--- Names of the folders in a folder that have a form, the greatest first.
local function folders(dir, form)
  local names = {}
  for _, entry in ipairs(core.fs.list(dir) or {}) do
    if entry.type == 'folder' and entry.name:match(form) then
      table.insert(names, entry.name)
    end
  end
  table.sort(names, function(a, b)
    return a > b
  end)
  return names
end

--- Calls fn for each day, the newest first.
---@param root string the lab
---@param fn fun(day: string) "2026/11/22"
function M.each(root, fn)
  for _, year in ipairs(folders(root, '^%d%d%d%d$')) do
    for _, month in ipairs(folders(root .. '/' .. year, '^%d%d$')) do
      local below = year .. '/' .. month
      for _, day in ipairs(folders(root .. '/' .. below, '^%d%d$')) do
        fn(below .. '/' .. day)
      end
    end
  end
end

local function look(root, path, depth, fn)
  local entries = core.fs.list(root .. '/' .. path) or {}
  for _, entry in ipairs(entries) do
    local below = path .. '/' .. entry.name
    if entry.type ~= 'folder' then
      fn(below, entry)
    elseif tree.split_run_name(entry.name) then
      fn(below, entry, true)
    elseif depth > 1 then
      look(root, below, depth - 1, fn)
    end
  end
end

--- Calls fn for each run folder of a day and for each file that lies beside them, not looking into
--- runs.
---@param root string the lab
---@param day string
---@param fn fun(path: string, entry: table, is_run?: boolean) path relative to the lab
function M.look(root, day, fn)
  look(root, day, DEPTH, fn)
end

return M
