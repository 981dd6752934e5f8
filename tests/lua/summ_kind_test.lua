local t = require 'harness'
local kind = require 'tlab.summ.kind'

local KINDS = {
  source = { 'src/main.c', 'a.lua', 'lib/x.py', 'app/models/user.rb', 'latest.go', 'contest.c' },
  tests = {
    'tests/unit/test_a.c',
    'src/a_test.go',
    'a/b.test.ts',
    'test_x.py',
    'src/foo_spec.rb',
    'conftest.py',
    'pkg/testdata/x.json',
  },
  docs = { 'README.md', 'docs/conf.py', 'a/LICENSE', 'man/tlab.1', 'CHANGELOG', 'notes.txt' },
  config = { '.gitignore', 'a.yaml', 'lab.json', 'conf/x.ini', '.editorconfig' },
  build = {
    'Makefile',
    '.github/workflows/ci.yml',
    'Cargo.toml',
    'a/CMakeLists.txt',
    'Dockerfile',
    'flake.nix',
    'requirements-dev.txt',
  },
  generated = { 'vendor/a/b.go', 'web/app.min.js', 'x/node_modules/y.js', 'a.pb.go' },
  lock = { 'Cargo.lock', 'package-lock.json', 'go.sum', 'pnpm-lock.yaml', 'flake.lock' },
  other = { 'data.bin2', 'x' },
}

for name, paths in pairs(KINDS) do
  t.test(name, function()
    for _, path in ipairs(paths) do
      t.eq(kind.of { path = path, binary = false }, name, path)
    end
  end)
end

t.test('what is no text, and what is no file', function()
  t.eq(kind.of { path = 'a.c', binary = true }, 'binary')
  t.eq(kind.of { path = 'a.c', binary = false, new_mode = '160000' }, 'submodule')
  t.eq(kind.of { path = 'a.c', binary = false, old_mode = '160000' }, 'submodule')
end)

t.test('languages', function()
  t.eq(kind.language 'a/B.RS', 'Rust')
  t.eq(kind.language 'Makefile', 'Make')
  t.eq(kind.language 'a.tar.gz', nil)
  t.eq(kind.language '', nil)
end)

return t.done()
