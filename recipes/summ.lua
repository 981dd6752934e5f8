--- Summarise a commit or a range: what changed, where, what is risky, and what to read first.
local facts = require 'tlab.summ.facts'
local page = require 'tlab.summ.page'
local rules = require 'tlab.summ.rules'
local source = require 'tlab.summ.source'
local summary = require 'tlab.summ.summary'
local symbols = require 'tlab.summ.symbols'

local BASE_URL = 'https://github.com'

return {
  name = 'summ',
  summary = 'Summarise a commit or a range: what changed, where, what to read first.',
  home = 'analyzer/outputs',
  needs = { read = { '$spec.repo' } },
  spec = {
    type = 'object',
    additionalProperties = false,
    properties = {
      sha = {
        type = 'string',
        minLength = 1,
        default = 'HEAD',
        description = 'The commit, as git takes it (3f9a2c1, HEAD~2, v1.0), or a range A..B.',
      },
      repo = {
        type = 'string',
        minLength = 1,
        description = 'A repository or a folder that mine made, in the lab or by absolute path; '
          .. "the lab's own repository when left out.",
      },
      commits = {
        type = 'integer',
        minimum = 1,
        maximum = 5000,
        default = 500,
        description = 'Most commits of a range that are looked at, the newest.',
      },
    },
  },
  run = function(run, spec)
    local change = source.load(spec, BASE_URL)
    local found = facts.of(change.commits, change.changes)
    local touched = { from = 'headings', list = symbols.of_headings(found.files) }
    local value = summary.make(spec.sha, change, found, rules, touched)
    run:write_json('summary.json', value)
    run:write('analysis_summary.md', page.markdown(value))
  end,
}
