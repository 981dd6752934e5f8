# A record used again: another recipe on it, a new run that reuses it, what was never recorded.

TEST: replay --with runs another recipe on the record
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/when.lua
  return {
    name = 'when', summary = 'The time.', home = 'ai-team/artifacts',
    run = function(run) run:write('when.txt', tostring(tlab.clock.now())) end,
  }
FILE: recipes/later.lua
  return {
    name = 'later', summary = 'The time, doubled.', home = 'ai-team/artifacts',
    run = function(run) run:write('later.txt', tostring(tlab.clock.now() * 2)) end,
  }
RUN: tlab when -q > first && cp "$(cat first)/when.txt" when.txt
RUN: tlab replay "$(cat first)" --with recipes/later.lua -q > second
RUN: test "$(cat "$(cat second)/later.txt")" = "$(($(cat when.txt) * 2))"
RUN: tlab verify "$(cat second)" && tlab replay "$(cat second)"
RUN: grep -c '"replay_of":"'"$(sed 's/.*-//' first)" "$(cat second)/run.json"
STDOUT: 1
RUN: tlab run --reuse "$(cat first)" recipes/when.lua -q > third; cmp when.txt "$(cat third)/when.txt"
RUN: tlab run --reuse nothere recipes/when.lua
EXIT: 1

TEST: a recipe that asks for something else than the record has
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/env.lua
  return {
    name = 'ask', summary = 'Reads.', home = 'ai-team/artifacts',
    run = function() tlab.fs.read('lab:a.txt') end,
  }
FILE: other.lua
  return {
    name = 'ask', summary = 'Reads.', home = 'ai-team/artifacts',
    run = function() tlab.fs.read('lab:b.txt') end,
  }
FILE: a.txt
  a
RUN: tlab env -q > folder
RUN: old=$(tlab hash recipes/env.lua | cut -c1-64) new=$(tlab hash other.lua | cut -c1-64); cp other.lua "$(cat folder)/record/recipe/recipe.lua"; sed -i "s/$old/$new/g" latest/run.json; tlab replay latest
EXIT: 5
STDOUT:
  effect: effect 1 is asked differently: fs.read at /0
    recorded: "lab:a.txt"
    asked:    "lab:b.txt"
RUN: tlab verify latest
EXIT: 5
STDOUT: run.json: …
RUN: rm -r "$(cat folder)"; tlab replay latest
EXIT: 1
