# What `tlab runs` and `tlab log` show. The index is written here by hand.

TEST: the table, the newest first, without columns that are empty
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: runs.csv
  started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,effects,failed,outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder
  2026-10-01T08:00:00.000Z,aaaa111100000000000000000000000000000000000000000000000000000000,day,succeeded,0.02,,,,,,,3,0,2,,,,,,,,,2026/10/01/ai-team/artifacts/080000Z-day-aaaa1111
  2026-10-02T09:30:00.500Z,bbbb222200000000000000000000000000000000000000000000000000000000,ai,failed,12.5,smollm2,baseline paper,75,107,0.5,USD,9,1,3,,true,,,"the server, again","{""model.name"":""smollm2"",""n"":3,""params.temperature"":0.7}",,PROVIDER,2026/10/02/ai-team/artifacts/093000Z-ai-bbbb2222
  2026-10-03T10:00:00.000Z,cccc333300000000000000000000000000000000000000000000000000000000,ai,succeeded,3,smollm2,baseline,80,90,0.25,USD,9,0,3,,false,,,größer · 良い,"{""model.name"":""smollm2"",""n"":5,""params.temperature"":0}","{""score"":0.875}",,2026/10/03/ai-team/artifacts/100000Z-ai-cccc3333
RUN: tlab runs
STDERR:
STDOUT:
  ID        STARTED           RECIPE  STATUS     TOOK    MODEL    TOKENS    COST      TAGS            ERROR     NOTE
  cccc3333  2026-10-03 10:00  ai      succeeded  3.0 s   smollm2  80 + 90   0.25 USD  baseline                  größer · 良い
  bbbb2222  2026-10-02 09:30  ai      failed     12.5 s  smollm2  75 + 107  0.5 USD   baseline paper  PROVIDER  the server, again
  aaaa1111  2026-10-01 08:00  day     succeeded  20 ms
RUN: tlab runs --recipe day
STDOUT:
  ID        STARTED           RECIPE  STATUS     TOOK
  aaaa1111  2026-10-01 08:00  day     succeeded  20 ms

TEST: conditions by option and by word
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: runs.csv
  started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,effects,failed,outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder
  2026-10-01T08:00:00.000Z,aaaa111100000000000000000000000000000000000000000000000000000000,day,succeeded,0.02,,,,,,,3,0,2,,,,,,,,,2026/10/01/ai-team/artifacts/080000Z-day-aaaa1111
  2026-10-02T09:30:00.500Z,bbbb222200000000000000000000000000000000000000000000000000000000,ai,failed,12.5,smollm2,baseline paper,75,107,0.5,USD,9,1,3,,true,,,"the server, again","{""model.name"":""smollm2"",""n"":3,""params.temperature"":0.7}",,PROVIDER,2026/10/02/ai-team/artifacts/093000Z-ai-bbbb2222
  2026-10-03T10:00:00.000Z,cccc333300000000000000000000000000000000000000000000000000000000,ai,succeeded,3,smollm2,baseline,80,90,0.25,USD,9,0,3,,false,,,größer · 良い,"{""model.name"":""smollm2"",""n"":5,""params.temperature"":0}","{""score"":0.875}",,2026/10/03/ai-team/artifacts/100000Z-ai-cccc3333
RUN: tlab runs --csv --status failed | tail -n +2 | cut -d, -f2 | cut -c1-4
STDOUT:
  bbbb
RUN: tlab runs --csv --tag baseline --tag paper | tail -n +2 | cut -d, -f2 | cut -c1-4
STDOUT:
  bbbb
RUN: tlab runs --csv --since 2026-10-02 --until 2026-10-02 | tail -n +2 | cut -d, -f2 | cut -c1-4
STDOUT:
  bbbb
RUN: tlab runs --csv --since 2026-10-02T09:30:01 | tail -n +2 | cut -d, -f2 | cut -c1-4
STDOUT:
  cccc
RUN: tlab runs --csv recipe=ai 'param.n>=4' | tail -n +2 | cut -d, -f2 | cut -c1-4
STDOUT:
  cccc
RUN: tlab runs --csv --param n=3 --param name=smollm2 | tail -n +2 | cut -d, -f2 | cut -c1-4
STDOUT:
  bbbb
RUN: tlab runs --csv 'metric.score>0.8' | tail -n +2 | cut -d, -f2 | cut -c1-4
STDOUT:
  cccc
RUN: tlab runs --csv --text GAIN | tail -n +2 | cut -d, -f2 | cut -c1-4
STDOUT:
  bbbb
RUN: tlab runs --csv --model smollm2 'cost<0.3' | tail -n +2 | cut -d, -f2 | cut -c1-4
STDOUT:
  cccc
RUN: tlab runs --csv id=cccc | tail -n +2 | cut -d, -f2 | cut -c1-4
STDOUT:
  cccc
RUN: tlab runs --csv note~良 | tail -n +2 | cut -d, -f2 | cut -c1-4
STDOUT:
  cccc

TEST: order and number
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: runs.csv
  started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,effects,failed,outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder
  2026-10-01T08:00:00.000Z,aaaa111100000000000000000000000000000000000000000000000000000000,day,succeeded,0.02,,,,,,,3,0,2,,,,,,,,,2026/10/01/ai-team/artifacts/080000Z-day-aaaa1111
  2026-10-02T09:30:00.500Z,bbbb222200000000000000000000000000000000000000000000000000000000,ai,failed,12.5,smollm2,baseline paper,75,107,0.5,USD,9,1,3,,true,,,"the server, again","{""model.name"":""smollm2"",""n"":3,""params.temperature"":0.7}",,PROVIDER,2026/10/02/ai-team/artifacts/093000Z-ai-bbbb2222
  2026-10-03T10:00:00.000Z,cccc333300000000000000000000000000000000000000000000000000000000,ai,succeeded,3,smollm2,baseline,80,90,0.25,USD,9,0,3,,false,,,größer · 良い,"{""model.name"":""smollm2"",""n"":5,""params.temperature"":0}","{""score"":0.875}",,2026/10/03/ai-team/artifacts/100000Z-ai-cccc3333
RUN: tlab runs --sort -cost --json | tr , '\n' | grep '"id"'
STDOUT:
  "id":"bbbb2222…"
  "id":"cccc3333…"
  "id":"aaaa1111…"
RUN: tlab runs --sort cost --json | tr , '\n' | grep '"id"'
STDOUT:
  "id":"cccc3333…"
  "id":"bbbb2222…"
  "id":"aaaa1111…"
RUN: tlab runs --reverse --limit 1
STDOUT:
  ID…
  aaaa1111…
STDERR:
  1 shown, and there are more: --limit=N, or --csv or --json for all
RUN: tlab runs --limit 3
STDERR:
RUN: tlab runs --limit 0 --sort param.n | cut -c1-4 | tr -d ' '
STDOUT:
  ID
  bbbb
  cccc
  aaaa

TEST: rows for programs
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: runs.csv
  started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,effects,failed,outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder
  2026-10-01T08:00:00.000Z,aaaa111100000000000000000000000000000000000000000000000000000000,day,succeeded,0.02,,,,,,,3,0,2,,,,,,,,,2026/10/01/ai-team/artifacts/080000Z-day-aaaa1111
  2026-10-02T09:30:00.500Z,bbbb222200000000000000000000000000000000000000000000000000000000,ai,failed,12.5,smollm2,baseline paper,75,107,0.5,USD,9,1,3,,true,,,"the server, again","{""model.name"":""smollm2"",""n"":3,""params.temperature"":0.7}",,PROVIDER,2026/10/02/ai-team/artifacts/093000Z-ai-bbbb2222
  2026-10-03T10:00:00.000Z,cccc333300000000000000000000000000000000000000000000000000000000,ai,succeeded,3,smollm2,baseline,80,90,0.25,USD,9,0,3,,false,,,größer · 良い,"{""model.name"":""smollm2"",""n"":5,""params.temperature"":0}","{""score"":0.875}",,2026/10/03/ai-team/artifacts/100000Z-ai-cccc3333
RUN: tlab runs --json --limit 1
STDOUT:
  [{"cost":0.25,"currency":"USD","dirty":false,"effects":9,"failed":0,"folder":"2026/10/03/ai-team/artifacts/100000Z-ai-cccc3333","id":"cccc3333…","metrics":{"score":0.875},"models":["smollm2"],"note":"größer · 良い","outputs":3,"params":{"model.name":"smollm2","n":5,"params.temperature":0},"recipe":"ai","seconds":3,"started":"2026-10-03T10:00:00.000Z","status":"succeeded","tags":["baseline"],"tokens_in":80,"tokens_out":90}]
RUN: tlab runs --json --status timeout
STDOUT:
  []
RUN: tlab runs --csv --reverse > all.csv && cmp all.csv runs.csv

TEST: what does not exist is told, with what was meant
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: runs.csv
  started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,effects,failed,outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder
  2026-10-01T08:00:00.000Z,aaaa111100000000000000000000000000000000000000000000000000000000,day,succeeded,0.02,,,,,,,3,0,2,,,,,,,,,2026/10/01/ai-team/artifacts/080000Z-day-aaaa1111
  2026-10-02T09:30:00.500Z,bbbb222200000000000000000000000000000000000000000000000000000000,ai,failed,12.5,smollm2,baseline paper,75,107,0.5,USD,9,1,3,,true,,,"the server, again","{""model.name"":""smollm2"",""n"":3,""params.temperature"":0.7}",,PROVIDER,2026/10/02/ai-team/artifacts/093000Z-ai-bbbb2222
  2026-10-03T10:00:00.000Z,cccc333300000000000000000000000000000000000000000000000000000000,ai,succeeded,3,smollm2,baseline,80,90,0.25,USD,9,0,3,,false,,,größer · 良い,"{""model.name"":""smollm2"",""n"":5,""params.temperature"":0}","{""score"":0.875}",,2026/10/03/ai-team/artifacts/100000Z-ai-cccc3333
FILE: recipes/mine.lua
  return { name = 'mine', summary = 'Nothing.', home = 'ai-team/artifacts', run = function() end }
RUN: tlab runs --status faild
EXIT: 2
STDERR:
  error[USAGE]: there is no status "faild", did you mean "failed"?
  help: tlab runs --status failed  # or running, succeeded, failed, interrupted, timeout
RUN: tlab runs statsu=failed
EXIT: 2
STDERR:
  error[USAGE]: runs have no column "statsu", did you mean status?
  help: tlab help runs
RUN: tlab runs --sort cots
EXIT: 2
STDERR:
  error[USAGE]: runs have no column "cots", did you mean cost?
  ...
RUN: tlab runs failed
EXIT: 2
STDERR:
  error[USAGE]: "failed" is no condition, expected: a column, one of = > >= < <= ~ and a value
  help: tlab runs --text failed
RUN: tlab runs --since yesterdy
EXIT: 2
STDERR:
  error[USAGE]: --since: "yesterdy" is no time, did you mean yesterday?; expected, in UTC: …
  ...
RUN: tlab runs --since 2026-02-30
EXIT: 2
RUN: tlab runs --recipe minne
STDOUT:
STDERR:
  no run fits, did you mean "mine"?

TEST: a lab without runs, and no lab at all
FILE: lab.json
  { "schema": "tlab.lab/1" }
RUN: tlab runs
STDOUT:
STDERR:
  there is no run in this lab yet
  help: tlab day  # a first run; tlab help names the other recipes
RUN: rm lab.json && tlab runs
EXIT: 1
STDERR:
  error[NOT_FOUND]: there is no lab here: …
  ...

TEST: a damaged index names the line and what mends it
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: runs.csv
  started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,effects,failed,outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder
  2026-10-02T09:30:00.500Z,bbbb222200000000000000000000000000000000000000000000000000000000,ai,failed,12.5,smollm2,baseline paper,75,107,0.5,USD,9,1,3,,true,,,"the server, again","{""model.name"":""smollm2"",""n"":3,""params.temperature"":0.7}",,PROVIDER,2026/10/02/ai-team/artifacts/093000Z-ai-bbbb2222
  2026-10-01T08:00:00.000Z,aaaa111100000000000000000000000000000000000000000000000000000000,day,succeeded,0.02,,,,,,,3,0,2,,,,,,,,,2026/10/01/ai-team/artifacts/080000Z-day-aaaa1111
RUN: tlab runs
EXIT: 3
STDERR:
  error[PARSE]: runs.csv line 3 does not come behind the line before it, by start and id
     = runs.csv is made from the folders of the runs, and can be made again
  help: tlab runs --rebuild

TEST: the log, day by day
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: runs.csv
  started,id,recipe,status,seconds,models,tags,tokens_in,tokens_out,cost,currency,effects,failed,outputs,commit,dirty,key,replay_of,note,params,metrics,error,folder
  2026-10-01T08:00:00.000Z,aaaa111100000000000000000000000000000000000000000000000000000000,day,succeeded,0.02,,,,,,,3,0,2,,,,,,,,,2026/10/01/ai-team/artifacts/080000Z-day-aaaa1111
  2026-10-02T09:30:00.500Z,bbbb222200000000000000000000000000000000000000000000000000000000,ai,failed,12.5,smollm2,baseline paper,75,107,0.5,USD,9,1,3,,true,,,"the server, again","{""model.name"":""smollm2"",""n"":3,""params.temperature"":0.7}",,PROVIDER,2026/10/02/ai-team/artifacts/093000Z-ai-bbbb2222
  2026-10-03T10:00:00.000Z,cccc333300000000000000000000000000000000000000000000000000000000,ai,succeeded,3,smollm2,baseline,80,90,0.25,USD,9,0,3,,false,,,größer · 良い,"{""model.name"":""smollm2"",""n"":5,""params.temperature"":0}","{""score"":0.875}",,2026/10/03/ai-team/artifacts/100000Z-ai-cccc3333
RUN: tlab log 2026-10-01..2026-10-03
STDERR:
STDOUT:
  2026-10-01  1 run
    08:00  aaaa1111  day  succeeded  20 ms
  …
  2026-10-02  1 run, 1 failed, 75 + 107 tokens, 0.5 USD
    09:30  bbbb2222  ai  failed  12.5 s  smollm2
           # baseline paper
           the server, again
  …
  2026-10-03  1 run, 80 + 90 tokens, 0.25 USD
    10:00  cccc3333  ai  succeeded  3.0 s  smollm2
           # baseline
           größer · 良い
RUN: tlab log 2026-10-02 --json
STDOUT:
  [{"cost":{"USD":0.5},"day":"2026-10-02","list":[{…"id":"bbbb2222…}],"runs":1,"status":{"failed":1},"tokens_in":75,"tokens_out":107}]
RUN: tlab log
STDOUT:
STDERR:
  no run began then (today, UTC)
  help: tlab log 7d
RUN: tlab log --json
STDOUT:
  []
RUN: tlab log 2026-10-32
EXIT: 2
STDERR:
  error[USAGE]: "2026-10-32" names no days; expected, in UTC: …
  help: tlab log 2026-10-01..2026-10-07


TEST: --rebuild makes the index from the folders, and tells of those that it cannot read
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: runs.csv
  lost
FILE: 2026/10/02/ai-team/artifacts/x/run.json
  {"id":"bbbb222200000000000000000000000000000000000000000000000000000000","recipe":{"name":"ai"},"status":"succeeded","time":{"ended":"2026-10-02T09:30:02.500Z","seconds":2,"started":"2026-10-02T09:30:00.500Z"}}
FILE: 2026/10/01/x/run.json
  {"id":"aaaa111100000000000000000000000000000000000000000000000000000000","recipe":{"name":"day"},"status":"running","time":{"started":"2026-10-01T08:00:00.000Z"}}
RUN: tlab runs --rebuild
STDOUT:
  runs.csv: 2 runs on 2 days, other than it was
STDERR:
RUN: tlab runs --rebuild --json
STDOUT:
  {"days":2,"differs":false,"failed":0,"failures":[],"rows":2,"running":0}
RUN: tlab runs --csv | cut -d, -f1,3,4
STDOUT:
  started,recipe,status
  2026-10-02T09:30:00.500Z,ai,succeeded
  2026-10-01T08:00:00.000Z,day,interrupted
FILE: 2026/10/03/x/run.json
  {
RUN: tlab runs --rebuild
EXIT: 5
STDOUT:
  runs.csv: 2 runs on 3 days, the same as it was
STDERR:
  warning: 2026/10/03/x: run.json line 2 column 1: expected a key in double quotes, found the end of the text
RUN: tlab runs --rebuild status=failed
EXIT: 2
STDERR:
  error[USAGE]: --rebuild is about all runs and takes no "status=failed"
RUN: tlab runs --rebuild --status=failed
EXIT: 2
STDERR:
  error[USAGE]: --rebuild is about all runs and takes no --status
RUN: tlab runs --csv --json
EXIT: 2
STDOUT:
  {"error":{"code":"USAGE","message":"an answer is one of --csv and --json, not both"}}
RUN: tlab runs --sort=dear
EXIT: 2
STDERR:
  error[USAGE]: runs have no column "dear"
     = columns: started id recipe status seconds models tags tokens_in tokens_out cost currency effects failed outputs commit dirty key replay_of note params metrics error folder, param.NAME and metric.NAME
  help: tlab help runs
RUN: tlab log 2026-11..2026-10
EXIT: 2
STDERR:
  error[USAGE]: "2026-11..2026-10" ends before it begins
  help: tlab log 2026-10-01..2026-10-07

TEST: without an index, as in a clone, all runs are in it before the first answer and after the next run
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/one.lua
  return { name = 'one', summary = 'Nothing.', home = 'ai-team/artifacts', spec = {}, run = function() end }
RUN: tlab one -q >/dev/null && tlab one -q >/dev/null && cp runs.csv before && rm runs.csv
RUN: tlab runs --csv | wc -l
STDERR:
STDOUT:
  3
RUN: cmp runs.csv before && rm runs.csv && tlab one -q >/dev/null && wc -l <runs.csv
STDOUT:
  4
