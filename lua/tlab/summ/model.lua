--- A summary written by a model: each piece of the change is summarised, then what was said of the
--- pieces is brought together, as often as it takes.
local claims = require 'tlab.summ.claims'
local llm = require 'tlab.llm'
local pieces = require 'tlab.summ.pieces'
local price = require 'tlab.llm.price'

local M = {}

local LEAST = 200 -- tokens that a piece must have room for

---@class tlab.summ.Writer: { [string]: any }
local Writer = {}
Writer.__index = Writer

---@param spec table {model, base_url?, key?}
---@return llm.Model
function M.model(spec)
  if type(spec.model) == 'table' then
    return spec.model
  end
  return { base_url = spec.base_url, name = spec.model, key = spec.key }
end

-- The seed is one of what is asked: the same question has the same one in any run, so that --reuse
-- finds its answer.
local function seed_of(params, messages)
  local asked = tlab.json.encode(tlab.json.array(messages))
  return params.seed or tonumber(tlab.hash.bytes(asked):sub(1, 8), 16) & 0x7fffffff
end

local function over(values, others)
  for name, value in pairs(others or {}) do
    values[name] = value
  end
  return values
end

---@return llm.Options
function Writer:options(messages, files)
  local spec, model = self.spec, M.model(self.spec)
  local params = over({ temperature = 0, max_tokens = spec.answer }, spec.params)
  params.extra = over({ response_format = claims.format(files) }, params.extra)
  return {
    model = model,
    messages = messages,
    params = params,
    seed = seed_of(params, messages),
    response_schema = claims.SCHEMA,
    price = spec.price or price.find(self.run.lab_prices, model.name),
    timeouts = spec.timeouts,
    retries = spec.retries,
  }
end

function Writer:count(reply)
  self.tokens.input = self.tokens.input + (reply.usage.input or 0)
  self.tokens.output = self.tokens.output + (reply.usage.output or 0)
  if reply.cost then
    self.cost = self.cost or { amount = 0, currency = reply.cost.currency }
    self.cost.amount = self.cost.amount + reply.cost.amount
  end
end

-- Each name once, in the order of the first.
local function once(names)
  local set, list = {}, {}
  for _, name in ipairs(names) do
    list[#list + 1] = not set[name] and name or nil
    set[name] = true
  end
  return list, set
end

-- Asks once, about these files; nil where there is no answer.
function Writer:ask(messages, names)
  local files, known = once(names)
  self.requests = self.requests + 1
  local reply, err = llm.chat(self:options(messages, files))
  if not reply then
    table.insert(self.failed, {
      files = tlab.json.array(files),
      code = err.code,
      message = err.message,
    })
    return nil
  end
  self:count(reply)
  local answer, dropped = claims.check(reply.json, known)
  table.move(dropped, 1, #dropped, #self.dropped + 1, self.dropped)
  return answer
end

function Writer:ask_pieces(list)
  local done = 0
  local answers = self.run:map(list, function(piece)
    local answer = self:ask(claims.of_piece(self.told, piece), piece.files)
    done = done + 1
    self.run:progress(done, #list, 'pieces')
    return answer or false
  end, { concurrency = self.spec.concurrency })
  local got = {}
  for _, answer in ipairs(answers) do
    got[#got + 1] = answer or nil
  end
  return got
end

-- Answers in groups that fit into one request each.
local function groups_of(answers, room)
  local groups, size = {}, 0
  for _, answer in ipairs(answers) do
    local more = pieces.tokens(claims.lines(answer))
    if #groups == 0 or size + more > room then
      groups[#groups + 1], size = {}, 0
    end
    table.insert(groups[#groups], answer)
    size = size + more
  end
  return groups
end

function Writer:join(group)
  if #group == 1 then
    return group[1]
  end
  local files = {}
  for _, answer in ipairs(group) do
    for _, claim in ipairs(answer.claims) do
      files[#files + 1] = claim.file
    end
  end
  return self:ask(claims.of_answers(self.told, group), files)
end

-- What stands when nothing brings answers together: all that was said.
local function all_of(answers)
  local all = { headline = answers[1].headline, claims = {} }
  for _, answer in ipairs(answers) do
    table.move(answer.claims, 1, #answer.claims, #all.claims + 1, all.claims)
  end
  return all
end

-- Brings answers together, level by level: each has fewer than the one before, so there are fewer
-- requests than pieces. One that fails leaves what was said before it.
function Writer:reduce(answers, room)
  while #answers > 1 do
    local groups, joined = groups_of(answers, room), {}
    if #groups == #answers then
      break -- none of them fit together
    end
    self.levels = self.levels + 1
    for i, group in ipairs(groups) do
      joined[i] = self:join(group) or all_of(group)
    end
    answers = joined
  end
  return answers[1] and all_of(answers)
end

function Writer:result(list, answer, left_out, redacted)
  return {
    name = M.model(self.spec).name,
    budget = self.spec.budget,
    pieces = #list,
    requests = self.requests,
    levels = self.levels,
    headline = answer and answer.headline,
    claims = tlab.json.array(answer and answer.claims or {}),
    dropped = tlab.json.array(self.dropped),
    failed = tlab.json.array(self.failed),
    left_out = tlab.json.array(left_out),
    redacted = redacted,
    tokens = self.tokens,
    cost = self.cost,
  }
end

---@param run tlab.Run
---@param spec table of schemas/summ.schema.json
---@param commits table[]
---@param files summ.File[]
---@param rules table[]
---@return table value for `model` of summary.json
function M.write(run, spec, commits, files, rules)
  local writer = setmetatable({
    run = run,
    spec = spec,
    told = claims.told(commits),
    requests = 0,
    levels = 0,
    failed = {},
    dropped = {},
    tokens = { input = 0, output = 0 },
  }, Writer)
  local room = spec.budget - pieces.tokens((' '):rep(claims.frame(writer.told)))
  if room < LEAST then
    local least = spec.budget - room + LEAST
    error({
      code = 'INVALID',
      message = ('/budget: %d tokens have no room for the change; at least %d are needed'):format(
        spec.budget,
        least
      ),
      hint = ('budget=%d'):format(least),
    }, 0)
  end
  local list, left_out, redacted = pieces.make(files, rules, room, spec.requests)
  local answers = writer:ask_pieces(list)
  return writer:result(list, writer:reduce(answers, room), left_out, redacted)
end

return M
