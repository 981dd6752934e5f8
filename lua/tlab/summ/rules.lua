--- What `tlab summ` calls a risky spot. Yours to change: a file lua/tlab/summ/rules.lua in your lab
--- is taken in place of this one.
---
---   name     what the page calls it
---   why      one line: what may go wrong there
---   weight   1 (a glance) to 10 (read this first)
---   kinds    the kinds of files that it is about (tlab.summ.kind); all of them when left out
---
--- and one of these, which says where to look. Patterns are Lua's, with blanks between them; one
--- that fits is enough. `%f[%w]` is where a word begins, `%s` a blank. Paths are in lower case and
--- begin with `/`. Lines are in lower case, without what is behind 1,000 bytes.
---
---   path     patterns on the path
---   added    patterns on lines that came
---   removed  patterns on lines that went; a hunk where as many come as go does not count
---   secret   with `added`: what fits is blacked out wherever it is quoted or sent
---   raw      with `added`: look at the lines as they are, capitals and all
---   file     function(file): a few words of what was seen, or nil
---   change   function(facts): the same, of the whole change (tlab.summ.facts)

local CODE = { 'source', 'build', 'config', 'other' }
local LOGIC = { 'source', 'build', 'other' }

local function lines_of(file)
  return (file.insertions or 0) + (file.deletions or 0)
end

-- Of the kinds that people write by hand.
local function written(facts)
  local files, lines = 0, 0
  for _, file in ipairs(facts.files) do
    if file.kind ~= 'generated' and file.kind ~= 'lock' and file.kind ~= 'binary' then
      files, lines = files + 1, lines + lines_of(file)
    end
  end
  return files, lines
end

return {
  -- The change as a whole. -----------------------------------------------------------------------
  {
    name = 'large change',
    why = 'too much to be read with care at once',
    weight = 4,
    change = function(facts)
      local files, lines = written(facts)
      return (files > 50 or lines > 1000) and ('%d lines in %d files'):format(lines, files) or nil
    end,
  },
  {
    name = 'code without tests',
    why = 'source changed, and no test with it',
    weight = 3,
    change = function(facts)
      local lines, tests = 0, 0
      for _, file in ipairs(facts.files) do
        lines = lines + (file.kind == 'source' and lines_of(file) or 0)
        tests = tests + (file.kind == 'tests' and 1 or 0)
      end
      return tests == 0 and lines > 20 and ('%d lines of source'):format(lines) or nil
    end,
  },

  -- A file. --------------------------------------------------------------------------------------
  {
    name = 'large file change',
    why = 'much of one file is new or gone',
    weight = 3,
    kinds = LOGIC,
    file = function(file)
      return lines_of(file) > 400 and ('%d lines'):format(lines_of(file)) or nil
    end,
  },
  {
    name = 'binary',
    why = 'nobody can read what it holds',
    weight = 5,
    file = function(file)
      return file.binary and file.status ~= 'D' and 'not text' or nil
    end,
  },
  {
    name = 'made executable',
    why = 'what was data can now be run',
    weight = 6,
    file = function(file)
      local was = file.old_mode == '100755'
      return file.new_mode == '100755' and not was and 'mode 100755' or nil
    end,
  },
  {
    name = 'symbolic link',
    why = 'it may lead out of the tree',
    weight = 5,
    file = function(file)
      return file.new_mode == '120000' and 'mode 120000' or nil
    end,
  },
  {
    name = 'submodule',
    why = 'another repository is pointed at; its change is not in this one',
    weight = 6,
    file = function(file)
      return file.kind == 'submodule' and 'mode 160000' or nil
    end,
  },
  {
    name = 'test file deleted',
    why = 'what it held true is held by nobody',
    weight = 7,
    kinds = { 'tests' },
    file = function(file)
      return file.status == 'D' and ('%d lines gone'):format(file.deletions or 0) or nil
    end,
  },

  -- A path. --------------------------------------------------------------------------------------
  {
    name = 'ci',
    why = 'it runs by itself, often with the right to publish and with secrets',
    weight = 6,
    path = [[
      /%.github/workflows/ /%.github/actions/ /%.gitlab%-ci /%.circleci/ /%.ci/ /%.travis
      /jenkinsfile /azure%-pipelines /%.buildkite/
    ]],
  },
  {
    name = 'build',
    why = 'what is built, and with which flags',
    weight = 3,
    kinds = { 'build' },
    path = [[ . ]],
  },
  {
    name = 'rules of the repository',
    why = 'who may change what, what git runs or leaves out',
    weight = 5,
    path = [[
      /codeowners$ /%.gitmodules$ /%.gitattributes$ /%.githooks/ /%.husky/ /pre%-commit[^/]*$
      /%.npmrc$ /%.pypirc$
    ]],
  },
  {
    name = 'data migration',
    why = 'data that is changed cannot be changed back by reverting',
    weight = 6,
    path = [[ /migrations?/ /alembic/ /flyway/ /schema%.sql$ ]],
  },
  {
    name = 'licence',
    why = 'what others may do with it',
    weight = 4,
    path = [[ /licen[cs]e[^/]*$ /copying[^/]*$ /notice[^/]*$ ]],
  },
  {
    name = 'dependencies locked anew',
    why = 'other code is taken in; the list is long and seldom read',
    weight = 3,
    kinds = { 'lock' },
    path = [[ . ]],
  },

  -- Lines that came. -----------------------------------------------------------------------------
  {
    name = 'looks like a secret',
    why = 'what was pushed once is known; a key must be made anew',
    weight = 10,
    raw = true,
    secret = true,
    added = [[
      BEGIN[%u%s]*PRIVATE%sKEY
      %f[%w]AKIA[%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d]+
      %f[%w]gh[pousr]_%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w+
      %f[%w]sk%-[%a-]*%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w+
      %f[%w]xox[abprs]%-%w[%w-][%w-][%w-][%w-][%w-][%w-][%w-][%w-]+
      %f[%w]eyJ[%w_-]+%.eyJ[%w_-]+%.[%w_-]+
      [Pp][Aa][Ss][Ss][Ww][Oo]?[Rr]?[Dd]["']?%s*[:=]%s*["'][^"'%s${}<]+["']
      [Ss][Ee][Cc][Rr][Ee][Tt][%w_]*["']?%s*[:=]%s*["']%w%w%w%w%w%w%w[%w+/_=-]+["']
      [Aa][Pp][Ii]_?[Kk][Ee][Yy]["']?%s*[:=]%s*["']%w%w%w%w%w%w%w[%w+/_=-]+["']
    ]],
  },
  {
    name = 'hidden characters',
    why = 'the text is read by people in another order than by the compiler, or not at all',
    weight = 9,
    added = '\u{202A} \u{202B} \u{202C} \u{202D} \u{202E} \u{2066} '
      .. '\u{2067} \u{2068} \u{2069} \u{200B} \u{2060} \xF3\xA0[\x80-\x81][\x80-\xBF]',
  },
  {
    name = 'verification off',
    why = 'the other side of a connection, or a signature, is not checked any more',
    weight = 9,
    kinds = CODE,
    added = [[
      ssl_verify%a*%W.-%f[%w]0l?%f[%W] ssl_verify%a*%W.-false verify%s*=%s*false
      insecureskipverify cert_none rejectunauthorized.-false %-%-insecure%f[%W]
      %-%-no%-check%-certificate %-%-no%-gpg%-check node_tls_reject_unauthorized
      check_hostname%s*=%s*false %-%-no%-verify
    ]],
  },
  {
    name = 'login and rights',
    why = 'who somebody is, and what they may do',
    weight = 6,
    kinds = CODE,
    added = [[
      passw[o]?[r]?d authenticat authoriz authoris oauth %f[%w]jwt%f[%W] session[_.]?token
      %f[%w]is_?admin has_?permission sudo%f[%W] %f[%w]setuid %f[%w]setgid access[_%s]?control
      csrf
    ]],
  },
  {
    name = 'cryptography',
    why = 'a small slip leaves it working and worthless',
    weight = 6,
    kinds = LOGIC,
    added = [[
      encrypt decrypt cipher %f[%w]aes%f[%A] %f[%w]rsa%f[%A] %f[%w]hmac %f[%w]md5 %f[%w]sha1
      %f[%w]sha_?256 signature private_?key %f[%w]nonce%f[%W] %f[%w]ssl_ %f[%w]evp_ getrandom
      %f[%w]rand%s*%(
    ]],
  },
  {
    name = 'memory by hand',
    why = 'a wrong length or a second free is a hole',
    weight = 5,
    kinds = LOGIC,
    added = [[
      %f[%w_][%w_]*alloc%s*%( %f[%w_][%w_]*free%s*%( %f[%w]mem[cm][po][yv]e?%s*%(
      %f[%w]str[n]?c[pa][yt]%s*%( %f[%w]v?sprintf%s*%( %f[%w]gets%s*%( %f[%w]alloca%s*%(
      %f[%w]unsafe%f[%W] reinterpret_cast %f[%w]transmute from_raw offsetof
    ]],
  },
  {
    name = 'concurrency',
    why = 'its faults show up seldom, and elsewhere',
    weight = 5,
    kinds = LOGIC,
    added = [[
      mutex %f[%w]r?w?lock%s*%( %f[%w]unlock%s*%( atomic pthread_ %f[%w]volatile%f[%W]
      %f[%w]go%s+func <%-%s*chan%f[%W] synchronized %f[%w]threading %f[%w]thread::spawn
      %f[%w]fork%s*%( flock%s*%( compare_exchange semaphore sigaction
    ]],
  },
  {
    name = 'shell and programs',
    why = 'a name with a blank or a ; in it may run something else',
    weight = 7,
    kinds = CODE,
    added = [[
      %f[%w]system%s*%( %f[%w]popen%s*%( %f[%w]execv?p?e?%s*%( %f[%w]execl[pe]?%s*%( posix_spawn
      subprocess%. shell%s*=%s*true child_process os%.exec exec%.command command::new
      %f[%w]eval%s*[%("$] runtime%.getruntime curl.-|%s*%a*sh%f[%W] wget.-|%s*%a*sh%f[%W]
      loadstring
    ]],
  },
  {
    name = 'sql',
    why = 'text put together with values can say more than was meant',
    weight = 5,
    kinds = LOGIC,
    added = [[
      %f[%w]select%s+[%w_*,.%s`"]-%s+from%f[%W] %f[%w]insert%s+into%f[%W]
      %f[%w]update%s+[%w_.`"]+%s+set%f[%W] %f[%w]delete%s+from%f[%W] %f[%w]drop%s+table%f[%W]
      %f[%w]alter%s+table%f[%W] %f[%w]truncate%s+table%f[%W]
    ]],
  },
  {
    name = 'data that becomes objects',
    why = 'whoever writes the data decides what is run',
    weight = 7,
    kinds = LOGIC,
    added = [[
      pickle%.load %f[%w]yaml%.load%s*%( yaml%.unsafe_load unserialize%s*%( objectinputstream
      marshal%.load binaryformatter torch%.load innerhtml dangerouslysetinnerhtml
    ]],
  },
  {
    name = 'rights of files',
    why = 'who else on the machine can read or change it',
    weight = 5,
    kinds = CODE,
    added = [[
      %f[%w]f?chmod %f[%w]l?f?chown %f[%w]umask %f[%w]0?o?0?777%f[%W] %f[%w]0?666%f[%W]
    ]],
  },
  {
    name = 'network',
    why = 'a new way in or out',
    weight = 4,
    kinds = LOGIC,
    added = [[
      %f[%w]socket%s*%( %f[%w]listen%s*%( %f[%w]bind%s*%( %f[%w]accept4?%s*%( 0%.0%.0%.0
      requests%.%a+%s*%( urlopen %f[%w]http%.get %f[%w]fetch%s*%( http://[%w]
    ]],
  },
  {
    name = 'new dependency',
    why = "other people's code is taken in",
    weight = 6,
    kinds = { 'build', 'config', 'source' },
    added = [[
      ^%s*"[%w@/_.-]+":%s*"[%^~>=<*v]*%d[%w.%-+*]*" ^%s*[%w_-]+%s*=%s*"[%^~>=<]*%d[%w.%-+*]*"
      ^%s*[%w_-]+%s*=%s*{.-version%s*= ^%s*[%w_.%[%]-]+%s*[=~>]=%s*%d
      ^%s*require%s+[%w./_-]+%s+v%d ^%s+[%w.-]+%.%w+/[%w./_-]+%s+v%d ^%s*gem%s+["']
      fetchcontent_declare find_package%s*%( pkg_check_modules ^%s*<artifactid>
      ^%s*implementation%s*[%("'] ^%s*from%s+%S+:%S+ ^%s*uses:%s*%S+@
    ]],
  },
  {
    name = 'checks switched off',
    why = 'a tool had something to say here',
    weight = 4,
    kinds = { 'source', 'tests', 'build', 'config', 'other' },
    added = [[
      #%s*noqa eslint%-disable nolint type:%s*ignore @ts%-ignore @ts%-expect%-error #!?%[allow%(
      @suppresswarnings diagnostic%s+ignored %f[%w-]%-wno%- luacheck:%s*ignore
      shellcheck%s+disable pylint:%s*disable ||%s*true%f[%W] continue%-on%-error rubocop:disable
      pragma:%s*no%s*cover
    ]],
  },
  {
    name = 'errors passed over',
    why = 'what fails here fails in silence',
    weight = 5,
    kinds = LOGIC,
    added = [[
      %f[%w]except%s*: %f[%w]except%s+exception%s*:%s*pass catch%s*%([^)]*%)%s*{%s*}
      catch%s*{%s*} contextlib%.suppress ^%s*_%s*:?=%s*err%f[%W] on%s+error%s+resume%s+next
      %.unwrap%(%) rescue%s*=>%s*nil
    ]],
  },
  {
    name = 'left to do',
    why = 'it says itself that it is not finished',
    weight = 2,
    kinds = { 'source', 'tests', 'build', 'config', 'other' },
    raw = true,
    added = [[ %f[%w]TODO%f[%W] %f[%w]FIXME%f[%W] %f[%w]XXX%f[%W] %f[%w]HACK%f[%W] ]],
  },
  {
    name = 'test passed over',
    why = 'it is there and holds nothing',
    weight = 6,
    kinds = { 'tests' },
    added = [[
      %.skip%f[%W] %f[%w]skip%s*%( xfail @ignore @disabled #%[ignore %f[%w]x?it%.only
      describe%.only %f[%w]xit%s*%( skiptest skipif t%.skip
    ]],
  },
  {
    name = 'line too long to read',
    why = 'what stands far to the right is seen by nobody',
    weight = 4,
    kinds = CODE,
    added = ('.'):rep(500),
  },

  -- Lines that went. -----------------------------------------------------------------------------
  {
    name = 'check removed',
    why = 'a failure that was seen may now pass',
    weight = 6,
    kinds = LOGIC,
    removed = [[
      %f[%w]assert if%s*%(?%s*!?%s*[%w_.>-]*err if%s*%(?%s*[%w_.>-]+%s*[=!]=%s*null
      if%s*%(?%s*[%w_.>-]+%s*<%s*0%f[%D] err%s*!=%s*nil %f[%w]raise%f[%W] %f[%w]throw%f[%W]
      %f[%w]panic%s*%( return%s+%-%d return%s+nil,%s*err goto%s+[%w_]*fail goto%s+[%w_]*err
      %f[%w]bail! %f[%w]ensure! %f[%w]validate %f[%w]sanitiz
    ]],
  },
  {
    name = 'test removed',
    why = 'what it held true is held by nobody',
    weight = 7,
    kinds = { 'tests' },
    removed = [[
      ^%s*a?s?y?n?c?%s*def%s+test #%[test%] %f[%w]it%s*%( %f[%w]test%s*%( %f[%w]func%s+test
      @test%f[%W] %f[%w]test_[fcp]?%s*%( %f[%w]t%.test %f[%w]assert %f[%w]expect%s*%(
      ^%s*void%s+test_
    ]],
  },
}
