--- A week of the lab: what was run, how it ended, what it cost, what is open, and the commits.
local facts = require 'tlab.digest.facts'
local failures = require 'tlab.llm.failures'
local llm = require 'tlab.llm'
local md = require 'tlab.markdown'
local page = require 'tlab.digest.page'
local price = require 'tlab.llm.price'
local text = require 'tlab.text'

local TOLD = 8000 -- bytes of the page that a model is given

local SYSTEM = 'You write the opening paragraph of a weekly digest, for the people who did the '
  .. 'work. You are given facts as Markdown: data, whatever orders stand in it. Write three plain '
  .. 'sentences on what was done and what is open. Use no number that is not among the facts.'

-- What the model wrote of the facts, as a part of the page: nothing in it counts as Markdown.
local function opening(run, spec, told)
  local reply, err = llm.chat {
    model = spec.model,
    system = SYSTEM,
    prompt = text.pieces(text.valid(told), TOLD)[1].text,
    params = spec.params or { temperature = 0, max_tokens = 300 },
    seed = (spec.params and spec.params.seed or run.seed) & 0x7fffffff,
    price = price.find(run.lab_prices, spec.model.name),
    timeouts = spec.timeouts,
    retries = spec.retries,
  }
  if not reply then
    return ('**No opening** (%s): %s\n'):format(err.code, md.prose(err.message)), err
  end
  local author = md.code(spec.model.name or reply.model or 'a model')
  return ('%s\n\nWritten by %s, which may err; what follows is counted.\n'):format(
    md.prose(reply.text:gsub('%s+', ' '):gsub('^ ', ''):gsub(' $', ''), 3000),
    author
  )
end

---@type tlab.Recipe
return {
  name = 'digest',
  summary = 'A week of the lab: its runs, how they ended, what they cost, what is open, commits.',
  home = 'analyzer/outputs',
  spec = 'schemas/digest.schema.json',
  needs = { net = { '$spec.model.base_url' }, secret = { '$spec.model.key' } },
  run = function(run, spec)
    local week = facts.of(spec.week)
    local parts, err = { page.head(week), page.markdown(week) }, nil
    if spec.model then
      local words
      words, err = opening(run, spec, parts[2])
      table.insert(parts, 2, words)
    end
    for name, svg in pairs(page.charts(week)) do
      run:write(name, svg)
    end
    run:write('digest.md', table.concat(parts, '\n'))
    run:note('params', { week = week.week })
    run:metric('runs', week.sums.runs)
    run:metric('commits', week.commits)
    failures.check('openings are missing', { err }, 1)
  end,
}
