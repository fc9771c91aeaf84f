import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import type { IdentityProvider } from '../../../src/federation/assertion.js'
import { createOidcProvider } from '../../../src/federation/oidc/provider.js'
import { testClock } from '../../support/clock.js'
import { oidcSettings } from '../../support/oidc-provider.js'
import { keptLog } from '../../support/silent-log.js'
import { startHostileIssuer, type HostileIssuer, type Members, type TokenParts } from './hostile-issuer.js'
import { fill, fillText } from './placeholders.js'
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
    const parts = filled(row, issuer)
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

function filled(row: Row, issuer: HostileIssuer): TokenParts {
  const { header = {}, claims = {}, payload, headerText, ...others } = row
  const values = {
    issuer: issuer.issuer,
    ISSUER: issuer.issuer.toUpperCase(),
    host: issuer.issuer.slice('http://'.length),
    deep: `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    many: Array.from({ length: 1_500 }, (_, index) => `"${index}":1`).join(),
  }
  const members = (given: Members): Members => fill(given, seconds, values) as Members
  return {
    ...others,
    header: 'jwk' in header ? { ...header, jwk: issuer.attackerKey } : members(header),
    claims: members(claims),
    ...(payload === undefined ? {} : { payload: fillText(payload, seconds, values) }),
    ...(headerText === undefined ? {} : { headerText }),
  }
}
