# tlab validate: by the file's own word, by --schema, by its name.

TEST: by --schema, by "$schema", by neither
FILE: s.json
  { "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["a"] }
FILE: good.json
  { "a": 1, "$schema": "s.json" }
FILE: bad.json
  {
    "$schema": "s.json"
  }
RUN: tlab validate good.json
STDOUT: valid: good.json (s.json)
RUN: tlab validate good.json --schema s.json --json
STDOUT: {"file":"good.json","schema":"s.json","valid":true}
RUN: tlab validate bad.json
EXIT: 3
STDERR:
  error[INVALID]: bad.json is not valid: 1 error
  ...
RUN: tlab validate s.json
STDOUT: valid: s.json (https://json-schema.org/draft/2020-12/schema)
FILE: plain.json
  {}
RUN: tlab validate plain.json
EXIT: 2
STDERR:
  error[USAGE]: plain.json names no schema: it has no "$schema"
  help: tlab validate --schema=schemas/spec.schema.json plain.json
RUN: tlab validate none.json
EXIT: 1
RUN: tlab validate good.json --schema none.json
EXIT: 1

TEST: what is no JSON, with its place
FILE: x.json
  { "a": 1,
    "a": 2 }
RUN: tlab validate x.json
EXIT: 3
STDERR:
  error[INVALID]: …
    --> x.json:2…
  ...
RUN: printf '{"a":NaN}' | tlab validate --schema x.json -
EXIT: 3

TEST: a schema that cannot be used is refused
FILE: s.json
  { "$schema": "https://json-schema.org/draft/2020-12/schema", "tpye": "object" }
RUN: tlab validate s.json
EXIT: 3

TEST: a schema of another draft
FILE: s.json
  { "$schema": "http://json-schema.org/draft-07/schema#", "type": "object" }
RUN: tlab validate s.json
EXIT: 1
STDERR:
  error[UNSUPPORTED]: s.json is a schema of another draft: http://json-schema.org/draft-07/schema#
     = expected: "$schema": "https://json-schema.org/draft/2020-12/schema"

TEST: the files that tlab itself fixes
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: recipes/empty.lua
  return { name = 'empty', summary = 'Nothing.', home = 'ai-team/artifacts', run = function() end }
RUN: tlab empty && tlab validate latest/run.json && tlab validate lab.json && tlab validate latest/record/effects.jsonl
FILE: effects.jsonl
  {"n":0}
RUN: tlab validate effects.jsonl
EXIT: 3
STDERR:
  error[INVALID]: effects.jsonl line 1: …
  ...

TEST: a file of lines, by its name or by --schema
FILE: recipes/empty.lua
  return { name = 'empty', summary = 'Nothing.', home = 'ai-team/artifacts', run = function() end }
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: s.json
  { "type": "object", "required": ["a"] }
FILE: rows.jsonl
  {"a":1}
  {"b":1}
RUN: tlab empty && tlab note latest hello && tlab validate latest/notes.jsonl
STDOUT:
  ...
  valid: latest/notes.jsonl (schemas/notes.schema.json)
RUN: tlab validate rows.jsonl --schema s.json
EXIT: 3
STDERR:
  error[INVALID]: rows.jsonl line 2: …"a"…
  ...
RUN: tlab validate rows.jsonl
EXIT: 2
STDERR:
  error[USAGE]: rows.jsonl names no schema: it has no "$schema"
  help: tlab validate --schema=schemas/spec.schema.json rows.jsonl
