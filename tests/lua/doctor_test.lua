local t = require 'harness'
local libraries = require 'host.doctor.libraries'

local function is_bad(name, version, package)
  return libraries.known_bad(name, version, package) ~= nil
end

t.test('versions are compared by their numbers', function()
  t.ok(libraries.is_older('1.5.1', '1.6.5'))
  t.ok(libraries.is_older('1.6', '1.6.1'))
  t.ok(libraries.is_older('7.9.0', '7.88.1'))
  t.ok(not libraries.is_older('1.6.5', '1.6.5'))
  t.ok(not libraries.is_older('8.4.0-DEV', '8.4.0'))
  t.ok(not libraries.is_older('10.0', '9.99'))
end)

t.test('ranges that are known to be bad', function()
  t.ok(is_bad('lua', '5.4.4') and not is_bad('lua', '5.4.6') and not is_bad('lua', '5.5.0'))
  t.ok(is_bad('libgit2', '1.5.1') and is_bad('libgit2', '1.6.4') and is_bad('libgit2', '1.7.1'))
  t.ok(not is_bad('libgit2', '1.6.5') and not is_bad('libgit2', '1.7.2'))
  t.ok(is_bad('libcurl', '7.88.1') and is_bad('libcurl', '8.3.0'))
  t.ok(not is_bad('libcurl', '8.4.0') and not is_bad('libcurl', '7.68.0'))
  t.ok(is_bad('openssl', '3.0.6') and not is_bad('openssl', '3.0.7'))
  t.ok(not is_bad('openssl', '1.1.1'))
end)

t.test("Debian's own version says what was mended since", function()
  t.ok(not is_bad('libgit2', '1.5.1', '1.5.1+ds-1+deb12u1'))
  t.ok(not is_bad('libgit2', '1.5.1', '1.5.1+ds-1+deb12u12'))
  t.ok(is_bad('libgit2', '1.5.1', '1.5.1+ds-1'))
  t.ok(is_bad('libgit2', '1.5.1', '1.5.1+ds-1+deb12u0'))
  t.ok(is_bad('libgit2', '1.5.1', '9.9.9-1+deb12u9'))
  t.ok(not is_bad('libcurl', '7.88.1', '7.88.1-10+deb12u15'))
  t.ok(is_bad('libcurl', '7.88.1', '7.88.1-10+deb12u3'))
end)

t.test('packages are read from what dpkg says is installed', function()
  local status = [[
Package: libgit2-1.5
Status: install ok installed
Architecture: amd64
Version: 1.5.1+ds-1+deb12u2
Depends: libc6

Package: libcurl4-doc
Status: install ok installed
Version: 1

Package: libcurl4
Status: deinstall ok config-files
Version: 7.0
]]
  local names = { libgit2 = 'libgit2-1.5', libcurl = 'libcurl4', openssl = 'libssl3' }
  t.eq(libraries.packages(status, names), { libgit2 = '1.5.1+ds-1+deb12u2' })
  t.eq(libraries.packages('', names), {})
end)

return t.done()
