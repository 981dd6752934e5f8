--- Asks the operations that its spec lists, in order, and keeps what came of each. An argument
--- {"$lua": "…"} is what that expression gives; `last` is the last answer that was a map.

local function arguments(list, last)
  local args = table.pack(table.unpack(list))
  for i = 1, args.n do
    local code = type(args[i]) == 'table' and args[i]['$lua']
    if code then
      args[i] = assert(load('return ' .. code, '=arg', 't', { last = last }))()
    end
  end
  return args
end

--- What came, as plain text: bytes that are no text as hexadecimal digits.
local function shown(value)
  if type(value) == 'string' and not utf8.len(value) then
    return { hex = (value:gsub('.', function(c)
      return ('%02x'):format(c:byte())
    end)) }
  end
  if type(value) ~= 'table' then
    return value
  end
  local out = #value > 0 and {} or tlab.json.array {}
  for k, v in pairs(value) do
    if type(k) == 'string' and #out == 0 and getmetatable(out) == false then
      out = {}
    end
    out[k] = shown(v)
  end
  return out
end

local function ask(case, last)
  local family, name = case.op:match '^(%w+)%.(%w+)$'
  local args = arguments(case.args, last)
  local fine, value, err = pcall(tlab[family][name], table.unpack(args, 1, args.n))
  if not fine then
    return { raises = type(value) == 'table' and value.code or tostring(value) }
  end
  if err then
    return { fails = err.code, message = err.message }
  end
  return { gives = shown(value) }, value
end

return {
  name = 'ops',
  summary = 'Ask operations and keep what came of each.',
  home = 'ai-team/artifacts',
  spec = { type = 'object', required = { 'cases' }, properties = { cases = { type = 'array' } } },
  needs = {
    net = { '127.0.0.1:*' },
    read = { '$spec.read' },
    run = { 'date', 'no-such-program' },
    env = { 'TLAB_OPS_TEST' },
    call = { 'child', 'no-such-recipe' },
  },
  run = function(run, spec)
    local rows, last = {}, {}
    for i, case in ipairs(spec.cases) do
      local row, value = ask(case, last)
      if type(value) == 'table' then
        last = value
      end
      row.op, row.case = case.op, case.case
      rows[i] = row
    end
    run:write_jsonl('came.jsonl', rows)
  end,
}
