--- Summarise a commit or a range: what changed, where, what is risky, and what to read first; with
--- a model also in words.
local extractor = require 'tlab.summ.extractor'
local facts = require 'tlab.summ.facts'
local model = require 'tlab.summ.model'
local page = require 'tlab.summ.page'
local rules = require 'tlab.summ.rules'
local source = require 'tlab.summ.source'
local summary = require 'tlab.summ.summary'

-- The page is kept, and says what is missing; a summary that was asked for and is not whole still
-- makes the run a failed one.
local function check(written)
  local first = written.failed[1]
  if first then
    error({
      code = first.code,
      message = ('%d of %d requests to the model failed; the first: %s'):format(
        #written.failed,
        written.requests,
        first.message
      ),
    }, 0)
  end
end

---@type tlab.Recipe
return {
  name = 'summ',
  summary = 'Summarise a commit or a range: what changed, where, what to read first.',
  home = 'analyzer/outputs',
  spec = 'schemas/summ.schema.json',
  needs = {
    read = { '$spec.repo', '$lab.git.base_url' },
    run = { 'rust_extractor' },
    net = { '$spec.repo', '$lab.git.base_url', '$spec.model.base_url', '$spec.base_url' },
    secret = { '$spec.model.key', '$spec.key' },
  },
  run = function(run, spec)
    local change = source.load(spec)
    local found = facts.of(change.commits, change.changes)
    local value =
      summary.make(spec.sha, change, found, rules, extractor.symbols(change, found.files))
    if (spec.model or spec.base_url) and #found.files > 0 then
      value.model = model.write(run, spec, value.commits, found.files, rules)
    end
    run:write_json('summary.json', value)
    run:write('analysis_summary.md', page.markdown(value))
    if value.model then
      check(value.model)
    end
  end,
}
