--- A history, read as mining reads it: what commits changed, a batch at a time, all of it recorded.
local PAGE = 500000 -- ids of a git.log

local function must(value, err)
  return value or error(err, 0)
end

-- Tells `tell` the ids of all commits that are wanted, `batch` at a time.
local function each_batch(spec, tell)
  local left, skip = spec.limit, 0
  while left > 0 do
    local query = { ids = true, limit = math.min(PAGE, left), skip = skip, merges = spec.merges }
    local ids = must(tlab.git.log(query, spec.repo))
    for first = 1, #ids, spec.batch do
      tell(table.move(ids, first, math.min(first + spec.batch - 1, #ids), 1, {}))
    end
    skip, left = skip + #ids, #ids < query.limit and 0 or left - #ids
  end
end

return {
  name = 'history',
  summary = 'Read what the commits of a repository changed.',
  home = 'analyzer/inputs',
  needs = { read = { '$spec.repo' } },
  spec = {
    type = 'object',
    required = { 'repo' },
    properties = {
      repo = { type = 'string' },
      limit = { type = 'integer', default = 1 << 30 },
      batch = { type = 'integer', default = 1000 },
      merges = { enum = { 'include', 'exclude' }, default = 'exclude' },
      options = { type = 'object', default = {} },
    },
  },
  run = function(run, spec)
    local sums = { commits = 0, files = 0, insertions = 0, deletions = 0 }
    each_batch(spec, function(ids)
      for _, commit in ipairs(must(tlab.git.changes(ids, spec.options, spec.repo))) do
        sums.commits = sums.commits + 1
        for _, file in ipairs(commit.files) do
          sums.files = sums.files + 1
          sums.insertions = sums.insertions + (file.insertions or 0)
          sums.deletions = sums.deletions + (file.deletions or 0)
        end
      end
    end)
    for name, sum in pairs(sums) do
      run:metric(name, sum)
    end
  end,
}
