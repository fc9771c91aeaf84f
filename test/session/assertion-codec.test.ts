import { describe, expect, it } from '@jest/globals'
import { assertionFromJson, assertionToJson } from '../../src/session/assertion-codec.js'
import { assertionOf } from '../support/assertion.js'

function throughText(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

describe('an assertion in a store', () => {
  it('comes back as it was, with every optional field', () => {
    const assertion = assertionOf({
      email: 'ada@example.test',
      sessionEndsAt: new Date('2026-01-02T09:00:00Z'),
      providerSession: '_8d2f0c',
      tags: new Map([
        ['team', 'blue'],
        ['__proto__', 'x'],
      ]),
      transitiveTagKeys: ['team'],
      sourceIdentity: 'ada',
      roleSessionName: 'ada',
      maxSessionSeconds: 7200,
      roleClaims: [{ roleArn: 'arn:r', providerArn: 'arn:p' }, { roleArn: 'arn:s' }],
      conditionKeys: new Map<string, string | readonly string[]>([
        ['saml:sub', 'ada'],
        ['saml:groups', []],
      ]),
    })
    expect(assertionFromJson(throughText(assertionToJson(assertion)))).toEqual(assertion)
  })

  it('comes back as it was, with none of them', () => {
    const assertion = assertionOf()
    expect(Object.keys(assertionFromJson(throughText(assertionToJson(assertion)))).sort()).toEqual(
      Object.keys(assertion).sort(),
    )
  })

  it.each([
    ['nothing', null],
    ['a list', []],
    ['another kind', { kind: 'kerberos' }],
    ['a number for a name', { ...(assertionToJson(assertionOf()) as object), username: 7 }],
    ['no instant', { ...(assertionToJson(assertionOf()) as object), authenticatedAt: 'soon' }],
    ['pairs that are not', { ...(assertionToJson(assertionOf()) as object), tags: [['a', 'b', 'c']] }],
    ['a key without text', { ...(assertionToJson(assertionOf()) as object), conditionKeys: [['a', 7]] }],
  ])('is refused when it is %s', (_name, value) => {
    expect(() => assertionFromJson(value)).toThrow(TypeError)
  })
})
