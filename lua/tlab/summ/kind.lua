--- What a file is for, and the language it is in, by its path alone. The first that fits counts;
--- `/` begins each path, so `/test/` is a folder of that name at any depth.
local patterns = require 'tlab.summ.patterns'

local M = {}

-- {kind, Lua patterns on the path in lower case, with blanks between them}
M.KINDS = {
  {
    'lock',
    [[
      %.lock$ %-lock%.json$ %-lock%.ya?ml$ /go%.sum$ /npm%-shrinkwrap%.json$ /gradle%.lockfile$
    ]],
  },
  {
    'generated',
    [[
      /vendor/ /third_party/ /third%-party/ /node_modules/ /generated/ /dist/ %.min%.js$
      %.min%.css$ %.map$ %.pb%.go$ _pb2%.py$ %.pb%.[ch]c?$ %.snap$ /configure$
    ]],
  },
  {
    'tests',
    [[
      /tests?/ /testing/ /testdata/ /specs?/.*_spec%. /__tests__/ /fixtures/ /fuzz/ /bench/
      [/_.-]tests?%.[%w]+$ /test_[^/]*$ /conftest%.py$ [_.]spec%.[%w]+$
    ]],
  },
  {
    'build',
    [[
      /%.github/workflows/ /%.gitlab%-ci /%.circleci/ /%.ci/ /%.travis /jenkinsfile
      /azure%-pipelines /makefile[^/]*$ /gnumakefile$ %.mk$ %.am$ %.ac$ %.m4$ /cmakelists%.txt$
      %.cmake$ /meson%.build$ /build%.gradle /build%.zig$ /build%.rs$ /build%.bazel$ /workspace$
      /dockerfile %.dockerfile$ /justfile$ /rakefile$ /cargo%.toml$ /pyproject%.toml$ /setup%.py$
      /setup%.cfg$ /package%.json$ /go%.mod$ /pom%.xml$ /gemfile$ /requirements[^/]*%.txt$
      /requirements[^/]*%.in$ %.nix$ %.spec$ %.gemspec$ /composer%.json$
    ]],
  },
  {
    'docs',
    [[
      /docs?/ /man/ %.md$ %.markdown$ %.rst$ %.adoc$ %.asciidoc$ %.txt$ %.tex$ %.[1-9]$
      /readme[^/]*$ /changelog[^/]*$ /changes$ /news$ /authors$ /licen[cs]e[^/]*$ /copying[^/]*$
    ]],
  },
  {
    'config',
    [[
      /%.[^/]+$ %.toml$ %.ya?ml$ %.json$ %.jsonc$ %.ini$ %.cfg$ %.conf$ %.config$ %.properties$
      %.env$ %.editorconfig$ %.service$ %.xml$ %.plist$ /codeowners$
    ]],
  },
}

-- Language → endings. What has one is source when no kind above fits.
local ENDINGS = {
  ['Ada'] = 'adb ads',
  ['Assembly'] = 's asm',
  ['C'] = 'c h',
  ['C#'] = 'cs',
  ['C++'] = 'cc cpp cxx hh hpp hxx ipp',
  ['CSS'] = 'css scss sass less',
  ['Clojure'] = 'clj cljs',
  ['CUDA'] = 'cu cuh',
  ['Dart'] = 'dart',
  ['Elixir'] = 'ex exs',
  ['Erlang'] = 'erl hrl',
  ['F#'] = 'fs fsx',
  ['Fortran'] = 'f f90 f95',
  ['Go'] = 'go',
  ['HTML'] = 'html htm',
  ['Haskell'] = 'hs',
  ['Java'] = 'java',
  ['JavaScript'] = 'js jsx mjs cjs',
  ['JSON'] = 'json jsonc jsonl',
  ['Julia'] = 'jl',
  ['Kotlin'] = 'kt kts',
  ['Lua'] = 'lua',
  ['Make'] = 'mk',
  ['Markdown'] = 'md markdown',
  ['Nix'] = 'nix',
  ['OCaml'] = 'ml mli',
  ['Objective-C'] = 'm mm',
  ['PHP'] = 'php',
  ['Pascal'] = 'pas',
  ['Perl'] = 'pl pm t',
  ['PowerShell'] = 'ps1',
  ['Python'] = 'py pyi pyx',
  ['R'] = 'r',
  ['Ruby'] = 'rb',
  ['Rust'] = 'rs',
  ['SQL'] = 'sql',
  ['Scala'] = 'scala sc',
  ['Shell'] = 'sh bash zsh fish',
  ['Swift'] = 'swift',
  ['TOML'] = 'toml',
  ['TypeScript'] = 'ts tsx mts cts',
  ['Vue'] = 'vue',
  ['XML'] = 'xml',
  ['YAML'] = 'yml yaml',
  ['Zig'] = 'zig',
}
local NAMES = {
  makefile = 'Make',
  gnumakefile = 'Make',
  dockerfile = 'Docker',
  justfile = 'Just',
  rakefile = 'Ruby',
}

local by_ending = {}
for language, endings in pairs(ENDINGS) do
  for ending in endings:gmatch '%S+' do
    by_ending[ending] = language
  end
end

---The language of a file, by its name; nil when none is known.
---@param path string
---@return string?
function M.language(path)
  local name = path:lower():match '[^/]*$' or ''
  return NAMES[name] or by_ending[name:match '%.(%w+)$' or '']
end

---What a file is for: source, tests, docs, config, build, generated, lock, binary, submodule or
---other.
---@param file table {path, binary, old_mode?, new_mode?}
---@return string
function M.of(file)
  if file.new_mode == '160000' or file.old_mode == '160000' then
    return 'submodule'
  elseif file.binary then
    return 'binary'
  end
  local path = '/' .. file.path:lower()
  for _, row in ipairs(M.KINDS) do
    if patterns.fit(patterns.of(row[2]), path) then
      return row[1]
    end
  end
  return M.language(file.path) and 'source' or 'other'
end

return M
