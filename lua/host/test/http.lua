--- The network of a run in a test: answers that the test gave, and nobody else. No socket is
--- opened.

local core = require 'core'

local M = {}

local PORTS = { http = '80', https = '443' }

--- Whether a URL is the one that an answer is for; `*` in that stands for any text.
local function is_url(pattern, url)
  local escaped = pattern:gsub('[^%w*]', '%%%0'):gsub('%*', '.*')
  return url:find('^' .. escaped .. '$') ~= nil
end

local function fits(rule, request)
  return (rule.times == nil or rule.times > 0)
    and (rule.method or request.method):upper() == request.method
    and is_url(rule.url, request.url)
    and (rule.has == nil or (request.body or ''):find(rule.has, 1, true) ~= nil)
end

local function text_of(value)
  if type(value) ~= 'table' then
    return tostring(value)
  end
  local parts = {}
  for i, part in ipairs(value.basic or value) do
    parts[i] = tostring(part)
  end
  return value.basic and 'basic ' .. table.concat(parts, ':') or table.concat(parts)
end

--- A request as the test sees it: a secret by its name.
local function seen(asked)
  local headers = {}
  for key, value in pairs(asked.headers or {}) do
    local listed = math.type(key) == 'integer'
    headers[(listed and value[1] or key):lower()] = text_of(listed and value[2] or value)
  end
  return {
    method = (asked.method or (asked.body and 'POST' or 'GET')):upper(),
    url = asked.url,
    headers = headers,
    body = asked.body,
  }
end

--- The recipe must have declared where it goes, as outside of a test; that it may is the test's
--- word.
local function not_permitted(run, url)
  local scheme, host = url:match '^(%a[%w+.-]*)://([^/?#]*)'
  local subject = host and (host:find ':%d+$' and host or host .. ':' .. (PORTS[scheme] or '0'))
  local function has(list)
    for _, pattern in ipairs(list) do
      if core.permit_match('net', pattern, subject) then
        return true
      end
    end
    return false
  end
  if not subject then
    return { code = 'ARGUMENT', message = ('"%s" is no URL'):format(url) }
  elseif has(run.deny.net) or not has(run.needs.net) then
    local why = has(run.deny.net) and 'is denied by the lab'
      or "is not declared in the recipe's needs"
    return {
      code = 'NOT_PERMITTED',
      message = ('network access to %s %s'):format(subject, why),
    }
  end
  return nil
end

local function list_of(headers)
  local names, list = {}, core.json.array {}
  for name in pairs(headers or {}) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    list[i] = core.json.array { name:lower(), tostring(headers[name]) }
  end
  return list
end

local function response(rule, request)
  return {
    status = rule.status or 200,
    headers = list_of(rule.headers),
    url = request.url,
    address = 'test',
    redirects = core.json.array {},
  }
end

--- What the test is told of a request that it gave no answer to.
local function unexpected(request)
  local body = request.body and '\n' .. request.body or ''
  return ('the run asked for what the test has no answer to: %s %s%s'):format(
    request.method,
    request.url,
    body
  )
end

--- Finds the answer, and keeps the request.
local function find(net, current, asked)
  local request = seen(asked)
  local refused = not_permitted(current(), request.url)
  if refused then
    return nil, refused
  end
  net.requests[#net.requests + 1] = request
  for _, rule in ipairs(net.rules) do
    if fits(rule, request) then
      rule.times = rule.times and rule.times - 1
      if not rule.error then
        return rule, nil, request
      end
      return nil,
        {
          code = rule.error.code or 'NETWORK',
          message = rule.error.message or 'the test says that nobody is there',
        }
    end
  end
  net.unexpected = net.unexpected or net.strict and unexpected(request) or nil
  return nil, { code = 'NOT_RECORDED', message = 'http: the run is offline: ' .. request.url }
end

--- The network of a test's run, and of the runs that it calls.
---@param rules table[]|nil as tlab.test has them; nil: the run is offline
---@param strict boolean a request without an answer fails the test
---@return table net {requests, unexpected?}
function M.new(rules, strict)
  return { rules = rules or {}, strict = strict, requests = core.json.array {}, streams = {} }
end

--- The operations that reach the network, answered by rules.
---@param net table of M.new
---@param current fun(): table the run of host.run.prepare
---@return table hooks
function M.hooks(net, current)
  local streams, hooks = net.streams, {}
  hooks['http.send'] = function(asked)
    local rule, err, request = find(net, current, asked)
    if not rule then
      return nil, err
    end
    local answer = response(rule, request)
    answer.body, answer.ms = rule.body or table.concat(rule.chunks or {}), 0
    return answer
  end
  hooks['http.open'] = function(asked)
    local rule, err, request = find(net, current, asked)
    if not rule then
      return nil, err
    end
    local answer = response(rule, request)
    answer.handle = #streams + 1
    streams[answer.handle] = { at = 0, chunks = rule.chunks or { rule.body } }
    return answer
  end
  hooks['http.next'] = function(handle)
    local stream = streams[handle]
    if not stream then
      return nil, { code = 'ARGUMENT', message = ('there is no stream %d'):format(handle) }
    end
    stream.at = stream.at + 1
    return stream.chunks[stream.at]
  end
  hooks['http.close'] = function(handle)
    streams[handle] = streams[handle] and { at = 0, chunks = {} }
    return true
  end
  hooks['git.fetch'] = function()
    return nil, { code = 'NOT_RECORDED', message = 'git.fetch: a test has no network' }
  end
  return hooks
end

return M
