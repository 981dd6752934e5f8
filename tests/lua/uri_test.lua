local t = require 'harness'
local uri = require 'host.spec.uri'

--- RFC 3986 section 5.4: every example, as far as it is not about undefined behaviour.
local EXAMPLES = {
  ['g:h'] = 'g:h',
  ['g'] = 'http://a/b/c/g',
  ['./g'] = 'http://a/b/c/g',
  ['g/'] = 'http://a/b/c/g/',
  ['/g'] = 'http://a/g',
  ['//g'] = 'http://g',
  ['?y'] = 'http://a/b/c/d;p?y',
  ['g?y'] = 'http://a/b/c/g?y',
  ['#s'] = 'http://a/b/c/d;p?q#s',
  ['g#s'] = 'http://a/b/c/g#s',
  ['g?y#s'] = 'http://a/b/c/g?y#s',
  [';x'] = 'http://a/b/c/;x',
  ['g;x'] = 'http://a/b/c/g;x',
  ['g;x?y#s'] = 'http://a/b/c/g;x?y#s',
  [''] = 'http://a/b/c/d;p?q',
  ['.'] = 'http://a/b/c/',
  ['./'] = 'http://a/b/c/',
  ['..'] = 'http://a/b/',
  ['../'] = 'http://a/b/',
  ['../g'] = 'http://a/b/g',
  ['../..'] = 'http://a/',
  ['../../'] = 'http://a/',
  ['../../g'] = 'http://a/g',
  ['../../../g'] = 'http://a/g',
  ['/./g'] = 'http://a/g',
  ['/../g'] = 'http://a/g',
  ['g.'] = 'http://a/b/c/g.',
  ['.g'] = 'http://a/b/c/.g',
  ['g..'] = 'http://a/b/c/g..',
  ['./../g'] = 'http://a/b/g',
  ['./g/.'] = 'http://a/b/c/g/',
  ['g/./h'] = 'http://a/b/c/g/h',
  ['g/../h'] = 'http://a/b/c/h',
  ['g;x=1/./y'] = 'http://a/b/c/g;x=1/y',
  ['g?y/../x'] = 'http://a/b/c/g?y/../x',
  ['g#s/../x'] = 'http://a/b/c/g#s/../x',
  ['http:g'] = 'http:g',
}

t.test('references against a base, as the RFC lists them', function()
  for reference, expected in pairs(EXAMPLES) do
    t.eq(uri.resolve('http://a/b/c/d;p?q', reference), expected, reference)
  end
end)

t.test('bases without authority, path or scheme', function()
  t.eq(uri.resolve('', 'x.json#/a'), 'x.json#/a')
  t.eq(uri.resolve('http://a', 'g'), 'http://a/g')
  t.eq(uri.resolve('urn:uuid:1', '#x'), 'urn:uuid:1#x')
  t.eq(uri.resolve('http://a', 'urn:x:./y'), 'urn:x:./y')
  t.eq(uri.resolve('http://a', 'FILE:/b/../c'), 'file:/c')
  t.eq(uri.resolve('dir/x.json', 'y.json'), 'dir/y.json')
end)

t.test('the fragment is split off and unescaped', function()
  local head, fragment = uri.split 'a#/b%25c'
  t.eq(head, 'a')
  t.eq(fragment, '/b%c')
  head, fragment = uri.split 'a'
  t.eq(head, 'a')
  t.eq(fragment, nil)
end)

return t.done()
