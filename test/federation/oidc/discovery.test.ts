import { describe, expect, it } from '@jest/globals'
import { discoveryUrl, parseDiscovery } from '../../../src/federation/oidc/discovery.js'

const issuer = 'https://login.example.com/tenant'
const good = {
  issuer,
  jwks_uri: 'https://keys.example.com/jwks',
  authorization_endpoint: 'https://login.example.com/authorize',
  token_endpoint: 'https://login.example.com/token',
  id_token_signing_alg_values_supported: ['RS256', 'ES384', 'EdDSA', 'HS256', 'none'],
}
const parse = (change: object, insecureAllowHttp = false): unknown =>
  parseDiscovery({ ...good, ...change }, { issuer, insecureAllowHttp })

describe('a discovery document', () => {
  it('is found under the issuer’s path, with or without a slash at its end', () => {
    expect(discoveryUrl(issuer)).toBe(`${issuer}/.well-known/openid-configuration`)
    expect(discoveryUrl(`${issuer}/`)).toBe(`${issuer}/.well-known/openid-configuration`)
  })

  it('narrows the algorithms, and leaves RS256 when it says nothing', () => {
    expect(parse({})).toMatchObject({ algorithms: ['RS256', 'ES384'] })
    expect(parse({ id_token_signing_alg_values_supported: undefined })).toMatchObject({
      algorithms: ['RS256'],
    })
  })

  it.each([
    ['an http key set', { jwks_uri: 'http://keys.example.com/jwks' }],
    ['a key set in a file', { jwks_uri: 'file:///etc/passwd' }],
    ['a key set with a user name', { jwks_uri: 'https://a@keys.example.com/jwks' }],
    ['a key set that is no URL', { jwks_uri: '/jwks' }],
    ['a key set that is a list', { jwks_uri: ['https://keys.example.com/jwks'] }],
    ['a token endpoint on loopback', { token_endpoint: 'https://127.0.0.1/token' }],
    ['a token endpoint on loopback, spelled as a number', { token_endpoint: 'https://2130706433/token' }],
    ['a token endpoint on localhost', { token_endpoint: 'https://localhost./token' }],
    ['a token endpoint on IPv6 loopback', { token_endpoint: 'https://[::1]/token' }],
    ['a token endpoint on mapped loopback', { token_endpoint: 'https://[::ffff:127.0.0.1]/token' }],
    ['a token endpoint on link-local', { token_endpoint: 'https://169.254.169.254/token' }],
    ['a token endpoint on IPv6 link-local', { token_endpoint: 'https://[fe80::1]/token' }],
    ['another issuer', { issuer: 'https://login.example.com/other' }],
    ['the issuer with a slash', { issuer: `${issuer}/` }],
    ['no issuer', { issuer: undefined }],
  ])('OIDC-19 is refused with %s', (_name, change) => {
    expect(() => parse(change)).toThrow()
  })

  it('may name http endpoints only when the operator allowed http', () => {
    const change = { token_endpoint: 'http://login.example.com/token' }
    expect(() => parse(change)).toThrow('token_endpoint')
    expect(parse(change, true)).toMatchObject({ tokenEndpoint: change.token_endpoint })
  })
})
