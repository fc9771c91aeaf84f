import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import type { IdentityProvider } from '../../../src/federation/assertion.js'
import { createOidcProvider } from '../../../src/federation/oidc/provider.js'
import { testClock } from '../../support/clock.js'
import { oidcSettings } from '../../support/oidc-provider.js'
import { keptLog } from '../../support/silent-log.js'
import { startHostileIssuer, type HostileIssuer, type TokenParts } from './hostile-issuer.js'
import { reshape } from './reshape.js'

interface Row extends TokenParts {
  readonly id: string
  readonly name: string
  readonly reshape?: string
  readonly code?: string
  readonly reason: string
  readonly message?: string
  readonly neverAsked?: string
}

const rows = JSON.parse(
  readFileSync(new URL('fixtures/hostile-tokens.json', import.meta.url), 'utf8'),
) as readonly Row[]

const clock = testClock()
const seconds = Math.floor(clock.now().getTime() / 1000)

describe('a token from a stranger', () => {
  let issuer: HostileIssuer
  let provider: IdentityProvider
  beforeAll(async () => {
    issuer = await startHostileIssuer(clock.now)
    provider = createOidcProvider(oidcSettings(issuer.issuer), { now: clock.now, log: keptLog() })
  })
  afterAll(() => issuer.close())

  it('is accepted when nothing is wrong with it', async () => {
    await expect(provider.token!.verify(issuer.sign())).resolves.toMatchObject({ subject: 'repo:acme/web' })
    await expect(provider.token!.verify(issuer.sign({ key: 'ec' }))).resolves.toMatchObject({ kind: 'oidc' })
  })

  it.each(rows.map((row) => [`${row.id} ${row.name}`, row] as const))('%s', async (_title, row) => {
    const parts = fill(row, issuer)
    const token = row.reshape === undefined ? issuer.sign(parts) : reshape(issuer.sign(parts), row.reshape)
    const code = row.code ?? 'InvalidAssertion'

    await expect(provider.token!.verify(token)).rejects.toMatchObject({
      name: 'Fault',
      code,
      reason: row.reason,
      ...(row.message === undefined ? {} : { message: row.message }),
    })
    if (row.neverAsked !== undefined) expect(issuer.asked).not.toContain(row.neverAsked)
  })
})

/** Puts what only a running issuer knows into a row: `$issuer`, `$host`, `$now+300`, `$attacker-jwk`. */
function fill(row: Row, issuer: HostileIssuer): TokenParts {
  const host = issuer.issuer.slice('http://'.length)
  const text = (value: string): string =>
    value
      .replaceAll('$issuer', issuer.issuer)
      .replaceAll('$ISSUER', issuer.issuer.toUpperCase())
      .replaceAll('$host', host)
      .replaceAll('$deep', `${'['.repeat(5_000)}${']'.repeat(5_000)}`)
      .replaceAll('$many', Array.from({ length: 1_500 }, (_, index) => `"${index}":1`).join())
      .replaceAll(/\$now\+(\d+)/g, (_, more: string) => String(seconds + Number(more)))
      .replaceAll('$now', String(seconds))
  const value = (given: unknown): unknown => {
    if (given === '$attacker-jwk') return issuer.keys[0]
    if (typeof given === 'string') return instant(given) ?? text(given)
    if (Array.isArray(given)) return given.map(value)
    if (typeof given !== 'object' || given === null) return given
    return Object.fromEntries(Object.entries(given).map(([name, each]) => [name, value(each)]))
  }
  const { header, claims, payload, headerText, ...others } = row
  return {
    ...others,
    header: value(header ?? {}) as Record<string, unknown>,
    claims: value(claims ?? {}) as Record<string, unknown>,
    ...(payload === undefined ? {} : { payload: text(payload) }),
    ...(headerText === undefined ? {} : { headerText }),
  }
}

function instant(given: string): number | string | undefined {
  const later = /^\$now([+-]\d+)$/.exec(given)?.[1]
  if (later !== undefined) return seconds + Number(later)
  if (given === '$now000') return seconds * 1000
  if (given === '$now.5') return seconds + 300.5
  const written = /^\$text:now\+(\d+)$/.exec(given)?.[1]
  return written === undefined ? undefined : String(seconds + Number(written))
}
