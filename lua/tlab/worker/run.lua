-- The run object that a recipe's run function gets first. Its functions raise on failure, so that
-- recipes stay short; the operations below tlab.* return nil, err instead.

local M = {}

---@class tlab.Run
---@field seed integer
---@field id string
---@field key string
---@field name string
---@field home string

---@param core table
---@param errors table
---@param tasks table
---@param modules table
---@param info table id, key, seed, home, name
---@return tlab.Run
function M.new(core, errors, tasks, modules, info)
  local run = { seed = info.seed, id = info.id, key = info.key, name = info.name, home = info.home }

  local function must(value, err)
    if value == nil and err then errors.raise(err) end
    return value
  end

  local function ask(op, ...)
    return must(tasks.ask(op, ...))
  end

  local function encode(what, value)
    local ok, text = pcall(core.json.encode, value)
    if ok then return text end
    text.message = what .. ': ' .. text.message
    text.file, text.line = nil, nil
    errors.raise(text)
  end

  --- Several calls of fn(item, task, index) at once; results in the order of the list.
  function run:map(list, fn, options)
    return tasks.map(list, fn, options)
  end

  --- Writes an artifact, whole or not at all.
  ---@param name string path in the run's folder
  ---@param bytes string
  function run:write(name, bytes)
    return ask('fs.write', name, bytes)
  end

  --- Writes a value as canonical JSON and a newline.
  function run:write_json(name, value)
    return ask('fs.write', name, encode('run:write_json', value) .. '\n')
  end

  --- Writes one line of canonical JSON for each row.
  function run:write_jsonl(name, rows)
    local lines = {}
    for i = 1, #rows do lines[i] = encode('run:write_jsonl, row ' .. i, rows[i]) .. '\n' end
    return ask('fs.write', name, table.concat(lines))
  end

  --- Writes rows as CSV with a header (tlab.csv).
  ---@param columns? string[] their order; else all keys of the rows, sorted
  function run:write_csv(name, rows, columns)
    return ask('fs.write', name, modules.require('tlab.csv').encode(rows, columns))
  end

  --- Reads a file of the run, or lab:… of the lab.
  function run:read(name)
    return ask('fs.read', name)
  end

  --- Puts a fact into the manifest: model, usage, seed, cost, metric, tag, params.
  function run:note(kind, value)
    return ask('run.note', kind, value)
  end

  function run:metric(name, value)
    return ask('run.note', 'metric', { name = name, value = value })
  end

  --- A line for the person at the terminal.
  function run:say(text)
    return ask('talk.say', tostring(text))
  end

  function run:progress(done, total, label)
    return ask('talk.progress', done, total, label)
  end

  return core.view(run, 'the run object')
end

return M
