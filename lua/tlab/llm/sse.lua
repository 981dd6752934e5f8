--- Server-sent events: bytes in, events out (WHATWG HTML, "Server-sent events").
--- Lines end in LF, CR or CRLF, wherever the bytes were split; `:` starts a comment.
---@class tlab.llm.sse
---@field data string[]
local M = {}
M.__index = M

local mark = '\xEF\xBB\xBF' -- a byte order mark may open the stream

---@param on_event fun(data: string, name: string) called once an event, at its empty line
function M.new(on_event)
  return setmetatable({ rest = '', data = {}, name = '', fresh = true, on_event = on_event }, M)
end

local function take_line(self, line)
  if line == '' then
    if #self.data > 0 then
      self.on_event(table.concat(self.data, '\n'), self.name)
    end
    self.data, self.name = {}, ''
    return
  end
  local field, value = line:match('^([^:]*):? ?(.*)$')
  if field == 'data' then
    self.data[#self.data + 1] = value
  elseif field == 'event' then
    self.name = value
  end
end

---@param bytes string the next bytes of the stream, split anywhere
function M:feed(bytes)
  local text = self.rest .. bytes
  if self.fresh then
    if #text < #mark and mark:sub(1, #text) == text then
      self.rest = text
      return
    end
    self.fresh = false
    if text:sub(1, #mark) == mark then
      text = text:sub(#mark + 1)
    end
  end
  local at = 1
  while true do
    local stop = text:find('[\r\n]', at)
    -- A CR at the very end may be the first half of a CRLF.
    if not stop or (stop == #text and text:sub(stop) == '\r') then
      break
    end
    take_line(self, text:sub(at, stop - 1))
    at = text:sub(stop, stop + 1) == '\r\n' and stop + 2 or stop + 1
  end
  self.rest = text:sub(at)
end

---The stream has ended. An event without its empty line is dropped, as the standard says.
---@return boolean partial whether there was one
function M:finish()
  if self.rest == '\r' then
    self:feed('\n')
  end
  return self.rest ~= '' or #self.data > 0
end

return M
