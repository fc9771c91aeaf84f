import { describe, expect, it } from '@jest/globals'
import { createCookies } from '../../src/session/cookie.js'

const https = createCookies('https://rolegate.example.test')
const http = createCookies('http://127.0.0.1:8080')

describe('cookies on an https public URL', () => {
  it('are bound to the host and unreachable for scripts', () => {
    expect(https.write('session', 'v', { travel: 'lax' })).toBe(
      '__Host-rolegate-session=v; Path=/; HttpOnly; Secure; SameSite=Lax',
    )
  })

  it('let a provider post across sites when they must', () => {
    const expiresAt = new Date('2026-01-02T03:04:05Z')
    expect(https.write('pending-1', 'v', { travel: 'cross-site', expiresAt })).toBe(
      '__Host-rolegate-pending-1=v; Path=/; HttpOnly; Secure; SameSite=None; Expires=Fri, 02 Jan 2026 03:04:05 GMT',
    )
  })

  it('are removed with the attributes they were set with', () => {
    expect(https.clear('session', 'lax')).toContain('__Host-rolegate-session=; Path=/; HttpOnly; Secure')
    expect(https.clear('session', 'lax')).toContain('Expires=Thu, 01 Jan 1970 00:00:00 GMT')
  })

  it('do not accept the name without its prefix', () => {
    expect(https.read('rolegate-session=v', 'session')).toBeUndefined()
  })
})

describe('cookies on loopback http', () => {
  it('have plain names and no Secure', () => {
    expect(http.write('session', 'v', { travel: 'lax' })).toBe(
      'rolegate-session=v; Path=/; HttpOnly; SameSite=Lax',
    )
  })

  it('stay SameSite=Lax, since browsers refuse None without Secure', () => {
    expect(http.write('pending-1', 'v', { travel: 'cross-site' })).toContain('SameSite=Lax')
  })
})

describe('reading cookies', () => {
  it.each([
    ['one', 'a=1; rolegate-session=v; b=2', 'v'],
    ['an empty one', 'rolegate-session=', ''],
    ['one with equals signs in its value', 'rolegate-session=a=b', 'a=b'],
    ['none', 'a=1', undefined],
    ['no header', undefined, undefined],
    ['two of one name', 'rolegate-session=mine; rolegate-session=planted', undefined],
    ['two equal ones', 'rolegate-session=v; rolegate-session=v', undefined],
    ['a name that only starts alike', 'rolegate-session2=v', undefined],
    ['a prototype name', '__proto__=v', undefined],
  ])('%s', (_name, header, expected) => {
    expect(http.read(header, 'session')).toBe(expected)
  })

  it('lists what was set for one kind of purpose, each once', () => {
    const header = 'rolegate-pending-a=1; rolegate-session=2; rolegate-pending-b=3; rolegate-pending-a=4'
    expect(http.purposes(header, 'pending-')).toEqual(['pending-a', 'pending-b'])
  })
})
