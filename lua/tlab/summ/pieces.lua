--- A change cut into pieces that a model can read at once: by file, then by hunk, then by lines.
local risk = require 'tlab.summ.risk'
local text = require 'tlab.text'

local M = {}

local LINE = 300 -- bytes of a line; what is longer is cut
local BYTES = 3 -- of a token, on the safe side: code has three to four
-- Kinds of files that are named and not sent: nobody would read them either.
local UNREAD = { lock = true, generated = true, binary = true, submodule = true }

---How many tokens a text has at most, as far as one can know without the model.
---@param s string
---@return integer
function M.tokens(s)
  return (#s + BYTES - 1) // BYTES
end

local function clean(line)
  return text.visible(line:gsub('\t', '    '), LINE)
end

local function title(file)
  local from = file.old_path and (' (was %s)'):format(file.old_path) or ''
  return ('FILE %s%s\n'):format(text.visible(file.path), from)
end

-- The lines of a hunk with its head, in as many parts as it takes for each to have at most `room`
-- bytes.
local function parts_of(rules, hunk, room)
  local head = ('@@ -%d +%d @@ %s\n'):format(hunk.old_start, hunk.new_start, clean(hunk.heading))
  local parts, now, redacted = {}, { head }, 0
  local size = #head
  local lines, times = risk.redact(rules, hunk.lines)
  redacted = redacted + times
  for _, line in ipairs(lines) do
    line = clean(line) .. '\n'
    if size + #line > room and #now > 1 then
      parts[#parts + 1] = table.concat(now)
      now, size = { head }, #head
    end
    now[#now + 1], size = line, size + #line
  end
  parts[#parts + 1] = table.concat(now)
  return parts, redacted
end

local Packer = {}
Packer.__index = Packer

-- Puts a part of a file where there is room: behind what the last piece has, or into a new one.
function Packer:put(file, part, score)
  local piece, name = self.pieces[#self.pieces], title(file)
  local is_same = piece and piece.files[#piece.files] == file.path
  local size = #part + (is_same and 0 or #name)
  if not piece or piece.size + size > self.room then
    piece = { files = {}, parts = {}, size = 0, score = 0 }
    self.pieces[#self.pieces + 1], is_same, size = piece, false, #part + #name
  end
  if not is_same then
    piece.files[#piece.files + 1] = file.path
    piece.parts[#piece.parts + 1] = name
  end
  piece.parts[#piece.parts + 1] = part
  piece.size, piece.score = piece.size + size, math.max(piece.score, score)
end

function Packer:file(file)
  if #file.hunks == 0 then
    self:put(file, ('(%s, no lines)\n'):format(file.status), 0)
  end
  for _, hunk in ipairs(file.hunks) do
    local parts, redacted = parts_of(self.rules, hunk, self.room - #title(file))
    self.redacted = self.redacted + redacted
    for _, part in ipairs(parts) do
      self:put(file, part, hunk.score)
    end
  end
end

-- The pieces with the highest scores, in their order; and how many files are in none of them.
local function best(pieces, most)
  local ranked = table.move(pieces, 1, #pieces, 1, {})
  table.sort(ranked, function(a, b)
    return a.score > b.score
  end)
  local is_kept, sent, kept, lost = {}, {}, {}, 0
  for i = 1, math.min(most, #ranked) do
    is_kept[ranked[i]] = true
  end
  for _, piece in ipairs(pieces) do
    if is_kept[piece] then
      kept[#kept + 1] = piece
      for _, path in ipairs(piece.files) do
        sent[path] = true
      end
    end
  end
  for _, piece in ipairs(pieces) do
    for _, path in ipairs(piece.files) do
      if not is_kept[piece] and not sent[path] then
        sent[path], lost = true, lost + 1
      end
    end
  end
  return kept, #pieces - #kept, lost
end

---@param files summ.File[] with ranked hunks (tlab.summ.risk)
---@param rules table[]
---@param tokens number that the text of a piece may have
---@param most integer pieces
---@return table[] pieces {files, text, score}
---@return table[] left_out {what, count, why}
---@return integer redacted secrets that were taken out
function M.make(files, rules, tokens, most)
  local packer =
    setmetatable({ pieces = {}, rules = rules, room = tokens * BYTES, redacted = 0 }, Packer)
  local left_out, unread = {}, 0
  for _, file in ipairs(files) do
    if UNREAD[file.kind] then
      unread = unread + 1
    else
      packer:file(file)
    end
  end
  if unread > 0 then
    left_out[1] = {
      what = 'files',
      count = unread,
      why = 'locked, made by programs, binary or submodules: nobody reads their lines',
    }
  end
  local pieces, cut, lost = best(packer.pieces, most)
  if cut > 0 then
    left_out[#left_out + 1] = {
      what = 'pieces',
      count = cut,
      why = ('the %d with the weightiest hunks are sent, %d files are in none of them; '):format(
        most,
        lost
      ) .. 'raise requests= or budget=',
    }
  end
  for _, piece in ipairs(pieces) do
    piece.text, piece.parts = table.concat(piece.parts), nil
  end
  return pieces, left_out, packer.redacted
end

return M
