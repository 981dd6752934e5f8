--- The one table of options: a name means the same with every command that takes it.
--
-- option   { kind, value = what --help calls its value, help, example, short = 'x'?, takes? }
--   takes    what its value is, for completion (host/cmd/complete_kinds.lua)
--   kind   flag     no value
--          text     one value
--          list     may be given several times, each value a list by commas
--          each     may be given several times, each value as it is
--          integer  a whole number, 0 or more
--          bytes    a whole number with K, M or G (powers of 1024)
--          choice   one of `choices`

local M = {}

--- What every command takes.
M.global = { 'help', 'json', 'quiet', 'verbose', 'no-input', 'color', 'dev-lua' }

M.all = {
  ['help'] = { kind = 'flag', short = 'h', help = 'show help for the command' },
  ['version'] = { kind = 'flag', help = 'print the version' },
  ['json'] = { kind = 'flag', help = 'print one JSON value instead of text' },
  ['quiet'] = { kind = 'flag', short = 'q', help = 'say nothing but errors' },
  ['verbose'] = { kind = 'flag', short = 'v', help = 'say more; errors with their traceback' },
  ['no-input'] = { kind = 'flag', help = 'never ask on the terminal' },
  ['color'] = {
    kind = 'choice',
    value = 'WHEN',
    choices = { 'auto', 'always', 'never' },
    help = 'colour: auto, always or never',
    example = 'never',
  },
  ['dev-lua'] = {
    kind = 'text',
    takes = 'folder',
    value = 'DIR',
    help = 'take the Lua library from DIR; the manifest says so',
    example = 'lua',
  },
  ['allow-net'] = {
    kind = 'list',
    value = 'HOST[:PORT]',
    help = 'let the recipe reach this host',
    example = 'api.openai.com:443',
  },
  ['allow-read'] = {
    kind = 'list',
    takes = 'file',
    value = 'PATH',
    help = 'let the recipe read this file or folder',
    example = '/data/corpus',
  },
  ['allow-run'] = {
    kind = 'list',
    value = 'NAME',
    help = 'let the recipe run this program',
    example = 'python3',
  },
  ['allow-env'] = {
    kind = 'list',
    value = 'NAME',
    help = 'let the recipe see this environment variable',
    example = 'LANG',
  },
  ['limit-seconds'] = {
    kind = 'integer',
    value = 'N',
    help = 'end the run after N seconds',
    example = '600',
  },
  ['limit-memory'] = {
    kind = 'bytes',
    value = 'SIZE',
    help = 'memory of the recipe',
    example = '512M',
  },
  ['limit-cpu'] = {
    kind = 'integer',
    value = 'N',
    help = 'processor seconds of the recipe',
    example = '300',
  },
  ['offline'] = { kind = 'flag', help = 'open no connection at all' },
  ['reuse'] = {
    kind = 'text',
    takes = 'run',
    value = 'RUN',
    help = 'answer from the record of RUN what it can answer',
    example = 'latest',
  },
  ['seed'] = {
    kind = 'integer',
    value = 'N',
    help = 'seed of math.random and of the tasks',
    example = '7',
  },
  ['with'] = {
    kind = 'text',
    takes = 'recipe',
    value = 'RECIPE',
    help = 'run this recipe on the record instead',
    example = 'recipes/ai.lua',
  },
  ['dry-run'] = { kind = 'flag', help = 'only say what would be done' },
  ['watch'] = { kind = 'flag', help = 'run again each time that a file of it changes' },
  ['yes'] = { kind = 'flag', short = 'y', help = 'do it without asking' },
  ['update'] = { kind = 'flag', help = 'expect from now on what came' },
  ['quick'] = { kind = 'flag', help = 'leave out what takes long in a large lab' },
  ['remove'] = { kind = 'flag', help = 'take the words away again' },
  ['stat'] = { kind = 'flag', help = 'one line a part instead of all that differs' },
  ['recipe'] = {
    kind = 'text',
    takes = 'recipe',
    value = 'NAME',
    help = 'runs of this recipe',
    example = 'ai',
  },
  ['status'] = {
    kind = 'text',
    takes = 'status',
    value = 'STATUS',
    help = 'runs that are running, or ended as succeeded, failed, interrupted or timeout',
    example = 'failed',
  },
  ['model'] = {
    kind = 'text',
    takes = 'model',
    value = 'NAME',
    help = 'runs that asked for this model',
    example = 'smollm2',
  },
  ['tag'] = {
    kind = 'list',
    takes = 'tag',
    value = 'TAG',
    help = 'runs with this tag; with several, those that have all',
    example = 'baseline',
  },
  ['since'] = {
    kind = 'text',
    value = 'TIME',
    help = 'runs started then or later, in UTC: a day, month or moment, yesterday, 12h, 7d, 2w',
    example = '2026-10-03',
  },
  ['until'] = {
    kind = 'text',
    value = 'TIME',
    help = 'runs started then or earlier, in UTC; a day or month counts to its end',
    example = 'yesterday',
  },
  ['param'] = {
    kind = 'each',
    value = 'NAME=VALUE',
    help = 'runs whose spec has this value, as params.temperature; also > >= < <= ~ (contains)',
    example = 'temperature>=0.5',
  },
  ['text'] = {
    kind = 'text',
    value = 'TEXT',
    help = 'runs in whose row this stands, in capitals or not',
    example = 'better',
  },
  ['sort'] = {
    kind = 'text',
    takes = 'column',
    value = 'COLUMN',
    help = 'in the order of this column; with - before it, the greatest first',
    example = '-cost',
  },
  ['reverse'] = { kind = 'flag', help = 'the other way round' },
  ['limit'] = {
    kind = 'integer',
    short = 'n',
    value = 'N',
    help = 'at most N runs; 0: all, which is what --csv and --json have unless told, a table 50',
    example = '20',
  },
  ['log'] = { kind = 'flag', help = 'only what the recipe told by run:log, all of it' },
  ['rebuild'] = { kind = 'flag', help = 'make the index anew from the folders of the runs' },
  ['csv'] = { kind = 'flag', help = 'print lines of runs.csv, with its header' },
  ['force'] = {
    kind = 'flag',
    help = 'init: also within another lab; new: in the place of a recipe of tlab',
  },
  ['schema'] = {
    kind = 'text',
    takes = 'file',
    value = 'FILE',
    help = 'the JSON Schema to hold the file against',
    example = 'schemas/spec.schema.json',
  },
}

return M
