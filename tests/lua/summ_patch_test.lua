local t = require 'harness'
local patch = require 'tlab.summ.patch'

t.test('a file that is modified: hunks, their heads and lines', function()
  local sections = patch.parse [[
diff --git a/src/a.c b/src/a.c
index 21ef588..40aa72f 100644
--- a/src/a.c
+++ b/src/a.c
@@ -1,4 +1,4 @@
 int f(void)
 {
-  return 1;
+  return 2;
 }
@@ -10 +10,2 @@ int g(void)
-x
+y
+z
\ No newline at end of file
]]
  t.eq(#sections, 1)
  local s = sections[1]
  t.eq({ s.path, s.old_mode, s.new_mode, s.binary }, { 'src/a.c', '100644', '100644', false })
  t.eq(#s.hunks, 2)
  local h = s.hunks[2]
  t.eq({ h.old_start, h.new_start, h.heading, h.added, h.removed }, { 10, 10, 'int g(void)', 2, 1 })
  t.eq(h.lines, { '-x', '+y', '+z', '\\ No newline at end of file' })
end)

t.test('lines that look like heads are lines', function()
  local sections = patch.parse [[
diff --git a/a b/a
index 1..2 100644
--- a/a
+++ b/a
@@ -1,3 +1,3 @@
 diff --git a/x b/x
--- a/secret
+++ b/secret
 @@ -1 +1 @@
]]
  t.eq(#sections, 1)
  t.eq(sections[1].path, 'a')
  t.eq(sections[1].hunks[1].lines[2], '--- a/secret')
  t.eq(#sections[1].hunks, 1)
end)

t.test('added, deleted, renamed, mode, binary, submodule', function()
  local sections = patch.parse [[
diff --git a/new b/new
new file mode 100755
index 0000000..1
--- /dev/null
+++ b/new
@@ -0,0 +1 @@
+x
diff --git a/old b/old
deleted file mode 100644
index 1..0000000
--- a/old
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git a/from b/to
similarity index 100%
rename from from
rename to to
diff --git a/run b/run
old mode 100644
new mode 100755
diff --git a/pic b/pic
index 1..2 100644
GIT binary patch
literal 3
Kcmb=J00010

diff --git a/sub b/sub
index 1111111..2222222 160000
--- a/sub
+++ b/sub
@@ -1 +1 @@
-Subproject commit 1111111
+Subproject commit 2222222
]]
  t.eq(#sections, 6)
  local function of(i)
    local s = sections[i]
    return { s.path, s.old_path or '-', s.old_mode or '-', s.new_mode or '-', s.binary }
  end
  t.eq(of(1), { 'new', '-', '-', '100755', false })
  t.eq(of(2), { 'old', '-', '100644', '-', false })
  t.eq(of(3), { 'to', 'from', '-', '-', false })
  t.eq(of(4), { 'run', '-', '100644', '100755', false })
  t.eq(of(5), { 'pic', '-', '100644', '100644', true })
  t.eq(of(6), { 'sub', '-', '160000', '160000', false })
end)

t.test('names in quotes, with blanks, with escapes', function()
  local function path_of(line)
    return patch.parse(line .. '\nold mode 100644\nnew mode 100755\n')[1].path
  end
  t.eq(path_of 'diff --git a/a b c b/a b c', 'a b c')
  t.eq(path_of 'diff --git "a/\\303\\244.c" "b/\\303\\244.c"', 'ä.c')
  t.eq(path_of 'diff --git "a/\\\\303\\"" "b/\\\\303\\""', '\\303"')
  t.eq(path_of 'diff --git "a/x\\ty\\141" "b/x\\ty\\141"', 'x\tya')
  t.eq(patch.parse('diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n')[1].path, 'a b')
end)

t.test('a patch that was cut, or is none', function()
  t.eq(patch.parse '', {})
  t.eq(patch.parse 'nothing\n@@ -1 +1 @@\n-a\n', {})
  local s = patch.parse 'diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,9 +1,9 @@\n-a\n+b'
  t.eq(s[1].hunks[1].lines, { '-a', '+b' })
  t.eq(#patch.parse('diff --git a/a b/a\n@@ nonsense @@\n-a\n')[1].hunks, 0)
end)

return t.done()
