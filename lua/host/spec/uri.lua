--- URI references (RFC 3986): parts, and a reference against its base. For `$id` and `$ref` only.
local M = {}

--- scheme, authority, path, query, fragment; absent parts are nil, path is never nil (appendix B).
---@param s string
---@return table
function M.parts(s)
  local p = {}
  local rest, fragment = s:match('^([^#]*)#(.*)$')
  rest, p.fragment = rest or s, fragment
  local head, query = rest:match('^([^?]*)%?(.*)$')
  rest, p.query = head or rest, query
  local scheme, after = rest:match('^(%a[%w+.-]*):(.*)$')
  if scheme then
    p.scheme, rest = scheme:lower(), after
  end
  local authority, path = rest:match('^//([^/]*)(.*)$')
  if authority then
    p.authority, rest = authority, path
  end
  p.path = rest
  return p
end

---@param p table
---@return string
function M.join(p)
  return (p.scheme and p.scheme .. ':' or '')
    .. (p.authority and '//' .. p.authority or '')
    .. p.path
    .. (p.query and '?' .. p.query or '')
    .. (p.fragment and '#' .. p.fragment or '')
end

--- Takes `.` and `..` out of a path (section 5.2.4).
local function without_dots(path)
  local out = {}
  local rooted = path:sub(1, 1) == '/'
  local last
  for segment in path:gsub('^/', ''):gmatch('[^/]*') do
    last = segment
    if segment == '..' then
      out[#out] = nil
    elseif segment ~= '.' then
      out[#out + 1] = segment
    end
  end
  if last == '.' or last == '..' then
    out[#out + 1] = ''
  end
  return (rooted and '/' or '') .. table.concat(out, '/')
end

local function merged(base, path)
  if base.authority and base.path == '' then
    return '/' .. path
  end
  return base.path:gsub('[^/]*$', '') .. path
end

--- The reference as a whole URI, seen from the base (section 5.2.2).
---@param base string
---@param reference string
---@return string
function M.resolve(base, reference)
  local b, r = M.parts(base), M.parts(reference)
  local t = { fragment = r.fragment }
  if r.scheme then
    t.scheme, t.authority, t.path, t.query = r.scheme, r.authority, without_dots(r.path), r.query
    if not r.authority and r.path:sub(1, 1) ~= '/' then
      t.path = r.path -- urn:… has no segments
    end
    return M.join(t)
  end
  t.scheme = b.scheme
  if r.authority then
    t.authority, t.path, t.query = r.authority, without_dots(r.path), r.query
  elseif r.path == '' then
    t.authority, t.path, t.query = b.authority, b.path, r.query or b.query
  else
    local path = r.path:sub(1, 1) == '/' and r.path or merged(b, r.path)
    t.authority, t.path, t.query = b.authority, without_dots(path), r.query
  end
  return M.join(t)
end

--- The part before `#`, and the fragment with %XX undone (nil without `#`).
---@param s string
---@return string, string|nil
function M.split(s)
  local head, fragment = s:match('^([^#]*)#(.*)$')
  if not head then
    return s, nil
  end
  return head,
    (fragment:gsub('%%(%x%x)', function(hex)
      return string.char(tonumber(hex, 16))
    end))
end

return M
