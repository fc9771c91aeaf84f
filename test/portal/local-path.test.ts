import { describe, expect, it } from '@jest/globals'
import { localPath, signInPath } from '../../src/portal/local-path.js'

describe('a path to go on to', () => {
  it.each([
    '/accounts',
    '/accounts?q=prod',
    '/session',
    '/switchrole?account=111122223333&roleName=path/Role&displayName=A%20b&color=99bce3',
    '/roles/111122223333/Developer',
    '/device?user_code=ABCD-EFGH',
    '/authorize?response_type=code&redirect_uri=http%3A%2F%2F127.0.0.1%3A1234%2Foauth%2Fcallback',
  ])('is one of our pages: %s', (path) => {
    expect(localPath(path)).toBe(path)
  })

  it.each([
    '',
    'accounts',
    'https://evil.example/accounts',
    'http:/accounts',
    'http:accounts',
    '//evil.example',
    '///evil.example/accounts',
    '////evil.example/accounts',
    '/\\evil.example',
    '/\\/evil.example',
    '\\/evil.example',
    '\\\\evil.example',
    '/accounts\\@evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/%0d%0a/evil.example',
    '/accounts\r\nSet-Cookie: a=b',
    '/accounts\u0000',
    ' /accounts',
    '/ accounts',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    '/javascript:alert(1)',
    '@evil.example/accounts',
    '/@evil.example',
    '/.evil.example',
    '/./accounts/../../evil',
    '/../evil.example',
    '/accounts/..//evil.example',
    '/signin',
    '/signin/corp?next=/signin/corp',
    '/signout',
    '/assets/portal.css',
    '/unknown',
    '/accounts\u2028',
    '/accounté',
    `/accounts?q=${'x'.repeat(5000)}`,
    '/constructor',
    '/__proto__',
  ])('is nothing else: %j', (path) => {
    expect(localPath(path)).toBeUndefined()
  })

  it('keeps a path that climbs within our pages where it arrives', () => {
    expect(localPath('/accounts/../session')).toBe('/session')
  })

  it('is left out of the sign-in address when it is not ours', () => {
    expect(signInPath({ next: '//evil.example' })).toBe('/signin')
    expect(signInPath({ next: '/session', notice: 'expired' })).toBe('/signin?notice=expired&next=%2Fsession')
  })
})
