--- What people say of a run afterwards: tags and notes in notes.jsonl of its folder, one canonical
--- JSON object a line, {at, kind = 'tag'|'untag'|'note', text}. The file is no part of the run:
--- nothing is signed by it, and lines are only ever added.

local core = require 'core'
local tree = require 'host.store.tree'

local M = {}

M.FILE = 'notes.jsonl'

local FILE_MAX = 256 << 20
local KINDS = { tag = true, untag = true, note = true }

local function is_entry(value)
  return type(value) == 'table'
    and KINDS[value.kind]
    and type(value.text) == 'string'
    and type(value.at) == 'string'
    and tree.parse_iso(value.at) ~= nil
end

--- The entries of a text, in the order of its lines.
---@param text string
---@return table[] entries {at, kind, text}
---@return integer[] bad numbers of the lines that are none: torn by a crash, or written by hand
function M.parse(text)
  local entries, bad = {}, {}
  local number = 0
  for line, ending in text:gmatch('([^\n]*)(\n?)') do
    number = number + 1
    local value = ending == '\n' and core.json.decode(line)
    if is_entry(value) then
      entries[#entries + 1] = value
    elseif line ~= '' or ending ~= '' then
      bad[#bad + 1] = number
    end
  end
  return entries, bad
end

--- Tags that hold after all entries, in the order in which they were given, and the notes.
---@param entries table[]
---@param first? table tags that the recipe gave
---@return string[] tags
---@return table[] notes
function M.fold(entries, first)
  local tags, notes = {}, {}
  local function without(word)
    local left = {}
    for _, tag in ipairs(tags) do
      if tag ~= word then
        left[#left + 1] = tag
      end
    end
    return left
  end
  for _, tag in ipairs(first or {}) do
    tags[#tags + 1] = type(tag) == 'string' and tag or core.json.encode(tag)
  end
  for _, entry in ipairs(entries) do
    if entry.kind == 'note' then
      notes[#notes + 1] = entry
    else
      local left = without(entry.text)
      if entry.kind == 'untag' then
        tags = left
      elseif #left == #tags then
        tags[#tags + 1] = entry.text
      end
    end
  end
  return tags, notes
end

--- The entries of a run's folder; none when nobody said anything.
---@param dir string
---@return table[]|nil entries
---@return table|nil err
---@return integer[]|nil bad as M.parse has it
function M.read(dir)
  local text, err = core.fs.read(dir .. '/' .. M.FILE, FILE_MAX)
  if not text then
    if err.code == 'NOT_FOUND' then
      return {}, nil, {}
    end
    return nil, err
  end
  local entries, bad = M.parse(text)
  return entries, nil, bad
end

--- Adds one entry; it is on the disk when this returns.
---@param dir string
---@param kind string
---@param text string
---@return table|nil entry
---@return table|nil err
function M.add(dir, kind, text)
  local entry = { at = tree.iso(core.clock.now()), kind = kind, text = text }
  local ok, err = core.fs.append(dir .. '/' .. M.FILE, core.json.encode(entry))
  if not ok then
    return nil, err
  end
  return entry
end

return M
