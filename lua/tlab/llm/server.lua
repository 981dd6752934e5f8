--- What a server says of itself and its model: for the manifest, so that a later reader knows what
--- answered. Nothing here is needed to go on; a server that says nothing is no failure.
local openai = require 'tlab.llm.openai'
local M = {}

-- By base URL: {facts?, waiting, noted}. `facts` is there once the questions are answered, `noted`
-- has what the manifest has.
local seen = {}

local function get(model, url)
  local headers = { accept = 'application/json' }
  if model.key then
    headers.authorization = { 'Bearer ', tlab.secret(model.key) }
  end
  local response = tlab.http.send {
    method = 'GET',
    url = url,
    headers = headers,
    timeout_ms = 5000,
    connect_timeout_ms = 2000,
  }
  if not response or response.status ~= 200 then
    return {}, {}
  end
  local value = tlab.json.decode(response.body)
  return type(value) == 'table' and value or {}, response.headers
end

local function pick(from, to, names)
  if type(from) ~= 'table' then
    return
  end
  for _, name in ipairs(names) do
    local value = from[name]
    if value ~= nil and value ~= '' and value ~= tlab.json.null then
      to[name] = value
    end
  end
end

-- The entry of a list whose `field` is `name`; the only entry when there is one.
local function entry(list, field, name)
  if type(list) ~= 'table' then
    return {}
  end
  for _, item in ipairs(list) do
    if type(item) == 'table' and item[field] == name then
      return item
    end
  end
  return #list == 1 and type(list[1]) == 'table' and list[1] or {}
end

local function ask(model, answered)
  local base = openai.base(model.base_url)
  local root = base:gsub('/v1$', '')
  local facts = {}
  local list, headers = get(model, base .. '/models')
  local it = entry(list.data, 'id', answered or model.name)
  pick(it, facts, { 'owned_by', 'digest', 'sha256', 'etag', 'max_model_len' })
  facts.meta = it.meta ~= tlab.json.null and it.meta or nil
  for _, pair in ipairs(headers) do
    if pair[1] == 'server' then
      facts.server = pair[2]
    end
  end
  if facts.owned_by == 'llamacpp' then
    local props = get(model, root .. '/props')
    pick(props, facts, { 'build_info', 'model_ftype', 'total_slots' })
  elseif facts.owned_by == 'library' then -- Ollama names weights by digest, on its own page only
    local tags = get(model, root .. '/api/tags')
    pick(entry(tags.models, 'name', answered or model.name), facts, { 'digest' })
  end
  return facts
end

local function note(server, model, answer)
  local fact = { asked = model.name, answered = answer.model, fingerprint = answer.fingerprint }
  for name, value in pairs(server.facts) do
    fact[name] = value
  end
  local key = tlab.json.encode(fact)
  if server.noted[key] then
    return
  end
  server.noted[key] = true
  tlab.run.note('model', fact)
  if answer.model and model.name and answer.model ~= model.name then
    tlab.talk.say(
      ("warning: asked for the model '%s', answered by '%s'"):format(model.name, answer.model)
    )
  end
end

---Puts into the manifest which model answered, with what its server says of it (asked once).
---@param model table {base_url, name?, key?}
---@param answer table {model?, fingerprint?}
function M.note(model, answer)
  local server = seen[model.base_url]
  if not server then
    server = { waiting = {}, noted = {} }
    seen[model.base_url] = server
    server.facts = ask(model, answer.model)
    note(server, model, answer)
    for _, one in ipairs(server.waiting) do
      note(server, one.model, one.answer)
    end
  elseif server.facts then
    note(server, model, answer)
  else -- another task is asking: it notes this one too
    server.waiting[#server.waiting + 1] = { model = model, answer = answer }
  end
end

return M
