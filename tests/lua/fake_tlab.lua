--- A world for `tlab.llm` without a world: scripted answers, a clock that sleeping moves, and lists
--- of all that was asked. Sets the global `tlab`, as a worker has it.
local core = require 'core'
local M = {}

local function headers_of(list)
  local headers = {}
  for i, pair in ipairs(list or {}) do
    headers[i] = { pair[1]:lower(), pair[2] }
  end
  return headers
end

---The response of an exchange recorded in tests/recorded/.
---@param name string without `.json`
function M.recorded(name)
  local exchange = core.json.decode(assert(core.fs.read('tests/recorded/' .. name .. '.json')))
  local response = exchange.response
  return { status = response.status, headers = response.headers, body = response.body }
end

---A response as short as it can be.
function M.answer(text, more)
  local body = { choices = { { message = { content = text }, finish_reason = 'stop' } } }
  for name, value in pairs(more or {}) do
    body[name] = value
  end
  return { status = 200, headers = {}, body = core.json.encode(body) }
end

---An event stream of these events (strings as they are, tables as JSON).
function M.events(list)
  local parts = {}
  for i, event in ipairs(list) do
    parts[i] = 'data: ' .. (type(event) == 'string' and event or core.json.encode(event)) .. '\n\n'
  end
  return {
    status = 200,
    headers = { { 'content-type', 'text/event-stream' } },
    body = table.concat(parts),
  }
end

-- HTTP by the script.
local function http(world, script, gets, piece)
  local open = {}

  local function send(request)
    local response
    if request.method == 'GET' then
      world.gets[#world.gets + 1] = request.url
      response = gets and gets[request.url] or { status = 404, headers = {}, body = '' }
    else
      world.posts[#world.posts + 1] = request
      local n = #world.posts
      response = script[n] or error('the script has no answer ' .. n)
    end
    if response.err then
      return nil, response.err
    end
    local headers = headers_of(response.headers)
    return { status = response.status, headers = headers, body = response.body, cut = response.cut }
  end

  local function open_one(request)
    local response, err = send(request)
    if not response then
      return nil, err
    end
    open[#open + 1] = { body = response.body, at = 1, cut = response.cut }
    response.body, response.handle = nil, #open
    return response
  end

  local function next_piece(handle)
    local state = open[handle]
    if state.at > #state.body then
      return nil, state.cut
    end
    local bytes = state.body:sub(state.at, state.at + (piece or #state.body) - 1)
    state.at = state.at + #bytes
    return bytes
  end

  local function close()
    world.closed = world.closed + 1
    return true
  end
  return { send = send, open = open_one, next = next_piece, close = close }
end

-- A clock that only sleeping moves, and randomness that is none.
local function clock(world)
  local now = 1795395499000
  local function sleep(ms)
    world.sleeps[#world.sleeps + 1] = ms
    now = now + ms
    return true
  end
  return {
    now = function()
      return now
    end,
    sleep = sleep,
  }
end

---@param script table[] what POSTs get, in order: a response, or {err = {code, message}}
---@param gets table<string, table>? what GETs get, by URL; others 404
---@param piece integer? bytes a piece of a streamed body (default: all)
---@return table world {posts, gets, sleeps, said, notes, closed}
function M.install(script, gets, piece)
  local world = { posts = {}, gets = {}, sleeps = {}, said = {}, notes = {}, closed = 0 }
  local function into(list, value)
    list[#list + 1] = value
    return true
  end
  tlab = {
    json = core.json,
    hash = { bytes = core.hash.bytes },
    http = http(world, script, gets, piece),
    clock = clock(world),
    rand = {
      bytes = function(n)
        return ('\0'):rep(n)
      end,
    },
    talk = {
      say = function(line)
        return into(world.said, line)
      end,
      stream = function()
        return true
      end,
    },
    run = {
      note = function(kind, value)
        return into(world.notes, { kind, value })
      end,
    },
    secret = function(name)
      return { secret = name }
    end,
  }
  return world
end

return M
