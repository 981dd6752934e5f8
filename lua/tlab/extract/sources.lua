--- What `extract` reads: files of the lab in pieces that a model can be given at once.
local files = require 'tlab.files'
local text = require 'tlab.text'

local M = {}

---@class tlab.extract.Source
---@field path string
---@field pieces integer how many
---@field why string? why there is none

---@class tlab.extract.Piece
---@field path string
---@field line integer of the file, in which it begins
---@field text string

-- More than anybody thought of: no further file is read, and nothing asked.
local function check(pieces, limit)
  if #pieces > limit then
    local message = 'the files make more pieces than %d, the limit'
    local hint = ('limit=%d'):format(limit * 2)
    error({ code = 'INVALID', message = message:format(limit), hint = hint }, 0)
  end
end

---All pieces, in the order of the paths.
---@param run tlab.Run
---@param spec table of schemas/extract.schema.json
---@return tlab.extract.Source[]
---@return tlab.extract.Piece[]
function M.read(run, spec)
  local sources, pieces = {}, {}
  for i, path in ipairs(assert(files.find(spec.files))) do
    local bytes = run:input(path, { as = 'text' })
    local is_binary = bytes:find('\0', 1, true) ~= nil
    local cut = is_binary and {} or text.pieces(text.valid(bytes), spec.piece)
    for _, piece in ipairs(cut) do
      pieces[#pieces + 1] = piece.text:find '%S'
          and { path = path, line = piece.line, text = piece.text }
        or nil
    end
    local why = is_binary and 'binary' or #cut == 0 and 'empty' or nil
    sources[i] = { path = path, pieces = #cut, why = why }
    check(pieces, spec.limit)
  end
  return sources, pieces
end

return M
