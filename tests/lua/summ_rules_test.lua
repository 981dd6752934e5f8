--- Each rule with what it must find and what it must leave alone. A rule without an example fails.
local t = require 'harness'
local facts = require 'tlab.summ.facts'
local risk = require 'tlab.summ.risk'
local rules = require 'tlab.summ.rules'

local ID = ('1'):rep(40)

-- A change of one file: lines with their sign, or numbers.
local function change_of(example)
  local lines = type(example.lines) == 'string' and { example.lines } or example.lines or {}
  local old, new = 0, 0
  for _, line in ipairs(lines) do
    old = old + (line:sub(1, 1) == '-' and 1 or 0)
    new = new + (line:sub(1, 1) == '+' and 1 or 0)
  end
  local path = example.path or 'src/a.c'
  local patch = ('diff --git a/%s b/%s\n'):format(path, path)
  if #lines > 0 then
    patch = ('%s@@ -1,%d +1,%d @@\n%s\n'):format(patch, old, new, table.concat(lines, '\n'))
  end
  local file = {
    path = path,
    status = example.status or 'M',
    insertions = example.insertions or new,
    deletions = example.deletions or old,
    binary = example.binary or false,
    old_mode = example.old_mode or '100644',
    new_mode = example.new_mode or '100644',
  }
  return facts.of({}, { { commit = ID, files = { file }, patch = patch } })
end

local function names(example)
  local found = {}
  for _, finding in ipairs(risk.find(rules, change_of(example))) do
    found[finding.rule] = finding
  end
  return found
end

local function some(path, word, ...)
  local list = {}
  for _, lines in ipairs { ... } do
    list[#list + 1] = { path = path, [word] = lines }
  end
  return list
end

local function join(...)
  local all = {}
  for _, list in ipairs { ... } do
    table.move(list, 1, #list, #all + 1, all)
  end
  return all
end

local function added(path, ...)
  return some(path, 'lines', ...)
end

-- rule → { what it finds, what it does not }
local EXAMPLES = {
  ['large change'] = {
    { { insertions = 1001 } },
    { { insertions = 1000 }, { path = 'Cargo.lock', insertions = 5000 } },
  },
  ['code without tests'] = {
    { { insertions = 21 } },
    { { insertions = 20 }, { path = 'README.md', insertions = 90 } },
  },
  ['large file change'] = {
    { { insertions = 200, deletions = 201 } },
    { { insertions = 400 }, { path = 'docs/a.md', insertions = 900 } },
  },
  ['binary'] = { { { binary = true } }, { { binary = true, status = 'D' }, {} } },
  ['made executable'] = {
    { { new_mode = '100755' }, { old_mode = '000000', new_mode = '100755', status = 'A' } },
    { { old_mode = '100755', new_mode = '100755' }, { old_mode = '100755' } },
  },
  ['symbolic link'] = { { { new_mode = '120000' } }, { { old_mode = '120000' } } },
  ['submodule'] = { { { new_mode = '160000' } }, { {} } },
  ['test file deleted'] = {
    { { path = 'tests/a_test.c', status = 'D', deletions = 9 } },
    { { path = 'tests/a_test.c' }, { status = 'D' } },
  },
  ['ci'] = {
    { { path = '.github/workflows/x.yml' }, { path = '.ci/run' } },
    { { path = 'src/ci.c' } },
  },
  ['build'] = { { { path = 'Makefile' } }, { {} } },
  ['rules of the repository'] = {
    { { path = '.gitmodules' }, { path = '.github/CODEOWNERS' }, { path = '.githooks/pre-push' } },
    { { path = 'src/gitmodules.c' } },
  },
  ['data migration'] = { { { path = 'db/migrations/003.sql' } }, { { path = 'db/query.sql' } } },
  ['licence'] = {
    { { path = 'LICENSE' }, { path = 'COPYING.LIB' } },
    { { path = 'src/license/a.c' } },
  },
  ['dependencies locked anew'] = { { { path = 'Cargo.lock' } }, { { path = 'src/lock.c' } } },
  ['looks like a secret'] = {
    added(
      'a.py',
      '+-----BEGIN RSA PRIVATE KEY-----',
      '+key = AKIA' .. 'ABCDEFGHIJKLMNOP',
      '+t = "ghp_' .. ('a1'):rep(18) .. '"',
      '+k: sk-' .. ('Ab3'):rep(8),
      '+xoxb-' .. '123456789-abc',
      '+"password": "hunter2"',
      "+client_secret = 'abcdef0123456789'",
      '+API_KEY="0123456789abcdef"',
      '+Bearer eyJhbGciOi' .. '.eyJzdWIiOi' .. '.abc'
    ),
    join(
      added(
        'a.py',
        '+password = ""',
        '+password = "${PASSWORD}"',
        '+password = os.environ["PASSWORD"]',
        '+task-12345678901234567890',
        '+secret = load()'
      ),
      added('a.py', '-"password": "hunter2"')
    ),
  },
  ['hidden characters'] = {
    added('a.c', '+/* \u{202E} */', '+a\u{200B}b', '+\u{E0041}'),
    added('a.c', '+ä ö 日本', '-\u{202E}'),
  },
  ['verification off'] = {
    added(
      'a.py',
      '+requests.get(u, verify=False)',
      '+curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);',
      '+InsecureSkipVerify: true',
      '+curl --insecure https://a',
      '+rejectUnauthorized: false'
    ),
    added('a.py', '+verify=True', '+curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);'),
  },
  ['login and rights'] = {
    added('a.py', '+def authenticate(user):', '+if user.is_admin:', '+check_password(p)'),
    added('a.py', '+author = 1', '+passing = 2'),
  },
  ['cryptography'] = {
    added('a.c', '+EVP_DigestInit(c);', '+x = aes_128(k)', '+n = rand();', '+hashlib.md5(b)'),
    added('a.c', '+brand(x)', '+sharpen()'),
  },
  ['memory by hand'] = {
    added(
      'a.c',
      '+p = malloc(n);',
      '+memcpy(a, b, n);',
      '+strcpy(a, b);',
      '+free(p);',
      '+unsafe { x }',
      '+sprintf(b, "x");'
    ),
    added('a.c', '+freedom = 1;', '+snprintf(b, n, "x");', '+memory(x)'),
  },
  ['concurrency'] = {
    added(
      'a.c',
      '+pthread_create(&t);',
      '+std::mutex m;',
      '+go func() {',
      '+volatile int x;',
      '+lock(m);'
    ),
    added('a.c', '+block(m);', '+goal functional'),
  },
  ['shell and programs'] = {
    added(
      'a.py',
      '+os.system(cmd)',
      '+subprocess.run(x, shell=True)',
      '+curl https://a/b | sh',
      '+eval "$x"',
      '+popen("ls");',
      '+execvp(a, b);'
    ),
    added('a.py', '+filesystem(x)', '+evaluate(x)', '+execute(x)'),
  },
  ['sql'] = {
    added('a.py', '+q = "SELECT a, b FROM t WHERE x=" + y', '+INSERT INTO t', '+drop table t'),
    added('a.py', '+selected from a list', '+update the settings'),
  },
  ['data that becomes objects'] = {
    added('a.py', '+pickle.loads(b)', '+yaml.load(f)', '+el.innerHTML = x'),
    added('a.py', '+yaml.safe_load(f)'),
  },
  ['rights of files'] = {
    added('a.c', '+chmod(p, 0777);', '+umask(0);', '+fchown(fd, 0, 0);'),
    added('a.c', '+x = 1777;'),
  },
  ['network'] = {
    added(
      'a.c',
      '+s = socket(AF_INET, 0, 0);',
      '+bind(s);',
      '+u = "http://a.b"',
      '+host = "0.0.0.0"'
    ),
    added('a.c', '+websocket(x)', '+u = "https://a.b"', '+bindings(s)'),
  },
  ['new dependency'] = {
    join(
      added('package.json', '+    "left-pad": "^1.3.0",'),
      added('Cargo.toml', '+serde = "1.0"', '+serde = { version = "1" }'),
      added('requirements.txt', '+requests==2.31.0'),
      added('go.mod', '+\tgithub.com/a/b v1.2.3'),
      added('CMakeLists.txt', '+find_package(ZLIB)'),
      added('.github/workflows/a.yml', '+      uses: actions/checkout@v4'),
      added('Gemfile', "+gem 'rails'")
    ),
    join(added('package.json', '+    "main": "index.js",'), added('a.md', '+requests==2.31.0')),
  },
  ['checks switched off'] = {
    added(
      'a.py',
      '+import x  # noqa: F401',
      '+// eslint-disable-next-line',
      '+x = 1  # type: ignore',
      '+#[allow(dead_code)]',
      '+make || true',
      '+CFLAGS += -Wno-error'
    ),
    added('a.py', '+ignored = True', '+a -wnot'),
  },
  ['errors passed over'] = {
    added('a.js', '+except:', '+} catch (e) {}', '+let x = y.unwrap();', '+_ = err'),
    added('a.js', '+except ValueError:', '+} catch (e) { log(e) }'),
  },
  ['left to do'] = {
    added('a.c', '+/* TODO: more */', '+// FIXME', '+# XXX'),
    join(added('a.c', '+todos = 1', '+TODOS'), added('TODO.md', '+TODO')),
  },
  ['test passed over'] = {
    added(
      'tests/a_test.py',
      '+@pytest.mark.skip',
      '+@pytest.mark.xfail',
      '+it.only("x")',
      '+t.Skip()'
    ),
    join(added('tests/a_test.py', '+skipped = 1'), added('src/a.py', '+skip(x)')),
  },
  ['line too long to read'] = {
    added('a.c', '+' .. ('x'):rep(500)),
    added('a.c', '+' .. ('x'):rep(499)),
  },
  ['check removed'] = {
    added(
      'a.c',
      '-  if (err)',
      '-  assert(p);',
      '-if err != nil {',
      '-  return -1;',
      '-if (p == NULL)'
    ),
    join(
      added('a.c', '-  x = 1;', '+  assert(p);'),
      added('a.c', { '-  assert(p);', '+  assert(q);' })
    ),
  },
  ['test removed'] = {
    added('tests/a_test.py', '-def test_a():', '-    assert x', '-#[test]', '-it("works")'),
    join(
      added('tests/a_test.py', { '-def test_a():', '+def test_b():' }, '-x = 1'),
      added('src/a.py', '-def test_a():')
    ),
  },
}

for _, rule in ipairs(rules) do
  t.test(rule.name, function()
    local example = t.ok(EXAMPLES[rule.name], 'an example')
    for _, right in ipairs(example[1]) do
      local finding = names(right)[rule.name]
      t.ok(finding, 'finds ' .. tostring(right.lines or right.path or 'it'))
      t.eq(finding.weight, rule.weight)
    end
    for _, wrong in ipairs(example[2]) do
      t.ok(not names(wrong)[rule.name], 'leaves ' .. tostring(wrong.lines or wrong.path or 'it'))
    end
  end)
end

t.test('each rule says why, and looks at one thing', function()
  local known = {}
  for _, rule in ipairs(rules) do
    t.ok(not known[rule.name], rule.name .. ' once')
    known[rule.name] = true
    t.ok(rule.why:find '%l' and not rule.why:find '[\n|`]', rule.name)
    t.ok(math.type(rule.weight) == 'integer' and rule.weight >= 1 and rule.weight <= 10, rule.name)
    local ways = 0
    for _, way in ipairs { 'path', 'added', 'removed', 'file', 'change' } do
      ways = ways + (rule[way] and 1 or 0)
    end
    t.eq(ways, 1, rule.name)
  end
end)

t.test('rules see the first 1,000 bytes of a line', function()
  local function found(blanks)
    return names({ lines = '+' .. (' '):rep(blanks) .. 'eval(x)' })['shell and programs'] ~= nil
  end
  t.eq({ found(995), found(996) }, { true, false })
end)

return t.done()
