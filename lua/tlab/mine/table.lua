--- A file written line by line: what gathers is put on the disk whenever it has become much, so
--- that a table of any length takes the same memory.
local M = {}

-- Each time all of the file is hashed: so it is a sixteenth of what is there, within these bounds.
local LEAST, MOST = 1 << 20, 16 << 20

local Table = {}
Table.__index = Table

---@param run tlab.Run
---@param name string of the artifact
---@return table
function M.new(run, name)
  return setmetatable(
    { run = run, name = name, lines = {}, bytes = 0, written = 0, is_new = true },
    Table
  )
end

--- Adds a line, with its end.
---@param line string
function Table:add(line)
  self.lines[#self.lines + 1] = line
  self.bytes = self.bytes + #line
  if self.bytes >= math.max(LEAST, math.min(MOST, self.written // 16)) then
    self:flush()
  end
end

--- Puts what has gathered on the disk; called once more at the end, also of an empty table.
function Table:flush()
  local text = table.concat(self.lines)
  if self.is_new then
    self.run:write(self.name, text)
  elseif text ~= '' then
    self.run:extend(self.name, text)
  end
  self.written = self.written + self.bytes
  self.lines, self.bytes, self.is_new = {}, 0, false
end

return M
