--- JSON Schema, running a node over a value: errors, dynamic scope, notes of what was evaluated.
---
--- Notes ("annotations" in the specification) are what `unevaluated…` asks for:
--- {props = set of keys, items = how many from the front, set = set of positions, unsure = true}.
local M = {}

local MOST_NESTED = 4000

--- A running check. `errors` is nil while nobody wants to know why.
---@return table
function M.context()
  return { errors = {}, scope = {}, depth = 0 }
end

--- Adds an error; returns false so that `return fail(…)` ends a step.
---@param site table the keyword's place in the schema
---@param at string the value's JSON pointer
function M.fail(ctx, site, at, message, hint)
  if ctx.errors then
    ctx.errors[#ctx.errors + 1] = {
      pointer = at,
      keyword = site.keyword,
      message = message,
      schema = site.pointer,
      hint = hint,
    }
  end
  return false
end

--- Adds what another schema evaluated of the same value.
function M.merge(notes, other)
  for key in pairs(other.props or {}) do
    notes.props = notes.props or {}
    notes.props[key] = true
  end
  for i in pairs(other.set or {}) do
    notes.set = notes.set or {}
    notes.set[i] = true
  end
  notes.items = math.max(notes.items or 0, other.items or 0)
  notes.unsure = notes.unsure or other.unsure
end

--- Runs every step, also after a failure: a person wants all errors at once.
---@return boolean ok
---@return table notes
function M.run(node, ctx, v, at)
  local notes = {}
  if node.always ~= nil then
    if not node.always then
      M.fail(ctx, { keyword = 'false', pointer = node.pointer }, at, 'is not allowed here')
    end
    return node.always, notes
  end
  ctx.depth = ctx.depth + 1
  if ctx.depth > MOST_NESTED then
    error({ endless = node.pointer }, 0)
  end
  local scope = ctx.scope
  local entered = scope[#scope] ~= node.resource
  if entered then
    scope[#scope + 1] = node.resource
  end
  local ok = true
  for _, step in ipairs(node.steps) do
    ok = step(ctx, v, at, notes) and ok
  end
  if entered then
    scope[#scope] = nil
  end
  ctx.depth = ctx.depth - 1
  return ok, notes
end

--- Runs a node whose errors are not (yet) errors of the whole.
---@return boolean ok
---@return table notes
---@return table errors
function M.try(node, ctx, v, at)
  local outer = ctx.errors
  ctx.errors = outer and {}
  local ok, notes = M.run(node, ctx, v, at)
  local errors = ctx.errors or {}
  ctx.errors = outer
  return ok, notes, errors
end

return M
