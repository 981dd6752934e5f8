--- What a dry run asked for, from the record that it left in its scratch folder and what the gate
--- noted beside it: equal effects are one row with their number, in the order of the first.

local core = require 'core'
local lines = require 'host.manifest.lines'

local M = {}

---@class dry.Effect
---@field op string
---@field subject? string path, host:port, program, variable
---@field count integer
---@field first integer number of the first
---@field answer 'done'|'not known'|'recorded'|'failed'
---@field error? string code, of one that failed
---@field by? string for a path: 'the run itself' or 'the lab', which need no permit
---@field permits dry.Permit[] what it needs

--- For each operation the places of its arguments that are paths.
local function paths_of_operations()
  local paths = {}
  for _, op in ipairs(core.ops()) do
    local places, i = {}, 0
    for parameter in op.signature:gmatch '[^,]+' do
      i = i + 1
      if parameter:match ':[rw]' then
        places[#places + 1] = i
      end
    end
    paths[op.name] = places
  end
  return paths
end

local subjects = {}

subjects['run.note'] = function(args)
  return args[1]
end
subjects['env.get'] = subjects['run.note']
subjects['git.fetch'] = subjects['run.note']
subjects['run.call'] = subjects['run.note']
subjects['http.send'] = function(args)
  return args[1].url
end
subjects['http.open'] = subjects['http.send']
subjects['proc.run'] = function(args)
  return args[1].argv and args[1].argv[1]
end

--- The paths that an effect names, and whose they are.
local function path_subject(args, places)
  local names, by = {}, nil
  for _, i in ipairs(places) do
    local path = type(args[i]) == 'string' and args[i] or 'lab:'
    names[#names + 1] = path
    if path:sub(1, 4) == 'lab:' then
      by = by or 'the lab'
    elseif path:sub(1, 1) ~= '/' then
      by = by or 'the run itself'
    end
  end
  return #names > 0 and table.concat(names, ' → ') or nil, by
end

--- Host and port, as the permit has them, say more than the URL.
local function describe(effect, places, permits)
  local subject, by = path_subject(effect.args, places)
  local of = subjects[effect.op]
  subject = subject or of and of(effect.args)
  if effect.op:match '^http%.' and permits[1] then
    subject = permits[1].subject
  end
  return type(subject) == 'string' and subject or nil, by
end

local function answer_of(effect, reused)
  local code = effect.error and effect.error.code
  if code == 'DRY_RUN' then
    return 'not known'
  elseif code then
    return 'failed', code
  end
  return reused and 'recorded' or 'done'
end

--- What the gate noted, by the number of the effect.
local function by_number(noted, permits)
  local reused, asked, secrets = {}, {}, {}
  for _, note in ipairs(noted) do
    if note.reused then
      reused[note.n] = true
    elseif note.family == 'secret' then
      secrets[note.subject] = secrets[note.subject] or note.why or false
    else
      local list = asked[note.n] or {}
      asked[note.n] = list
      list[#list + 1] = permits:asked(note)
    end
  end
  return reused, asked, secrets
end

local function key_of(row)
  local key = { row.op, row.subject or '', row.answer, row.error or '' }
  for _, permit in ipairs(row.permits) do
    key[#key + 1] = permit.family .. ' ' .. permit.subject
  end
  return table.concat(key, '\0')
end

--- Reads the record of a dry run.
---@param dir string its scratch folder
---@param noted table[] of the session's outcome
---@param permits table of host.run.dry_permits, which takes up what was asked of it
---@return table|nil found {rows = dry.Effect[], unknown = how many answers were not known, first? =
---  number of the first of them, secrets = names that were asked for}
---@return table|nil err
function M.read(dir, noted, permits)
  local paths = paths_of_operations()
  local reused, asked, secrets = by_number(noted, permits)
  local found = { rows = core.json.array {}, unknown = 0, secrets = secrets }
  local groups = {}
  local rest, err = lines.each(lines.file(dir .. '/record/effects.jsonl'), function(text)
    local effect = core.json.decode(text)
    local row = { op = effect.op, first = effect.n, count = 0, permits = asked[effect.n] or {} }
    row.subject, row.by = describe(effect, paths[effect.op], row.permits)
    row.answer, row.error = answer_of(effect, reused[effect.n])
    if row.answer == 'not known' then
      found.unknown = found.unknown + 1
      found.first = found.first or effect.n
    end
    local key = key_of(row)
    if not groups[key] then
      groups[key] = row
      core.json.array(row.permits)
      found.rows[#found.rows + 1] = row
    end
    groups[key].count = groups[key].count + 1
    return true
  end)
  return rest and found, err
end

return M
