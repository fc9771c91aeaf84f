import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDemoOidcProvider } from '../../../src/demo/oidc-provider.js'
import { demoPeople } from '../../../src/demo/people.js'
import { createOidcProvider } from '../../../src/federation/oidc/provider.js'
import { oidcSettings, startOidcProvider, type TestOidcProvider } from '../../support/oidc-provider.js'
import { keptLog } from '../../support/silent-log.js'

describe('the demo provider', () => {
  let corp: TestOidcProvider
  beforeAll(async () => {
    corp = await startOidcProvider()
  })
  afterAll(() => corp.close())

  const ask = (form: Record<string, string>): Promise<Response> =>
    fetch(corp.tokenForCurlUrl, { method: 'POST', body: new URLSearchParams(form) })

  it('hands out a token that verifies like a workload token, with its newline', async () => {
    const { password } = corp.person('grace')
    const answer = await ask({ username: 'grace', password, audience: 'sts.amazonaws.com' })
    const provider = createOidcProvider(oidcSettings(corp.issuer), { now: () => new Date(), log: keptLog() })

    expect(provider.redirect).toBeUndefined()
    await expect(provider.token!.verify(await answer.text())).resolves.toMatchObject({
      subject: 'grace',
      audience: 'sts.amazonaws.com',
      groups: ['developers'],
      multiFactor: false,
    })
  })

  it('hands out nothing without the right password and an audience', async () => {
    const { password } = corp.person('ada')
    const statuses = await Promise.all([
      ask({ username: 'ada', password: 'wrong', audience: 'a' }),
      ask({ username: 'nobody', password, audience: 'a' }),
      ask({ username: 'ada', password }),
      ask({}),
      fetch(corp.tokenForCurlUrl),
    ])
    expect(statuses.map(({ status }) => status)).toEqual([401, 401, 400, 401, 400])
  })

  it('answers only under its own name', async () => {
    const status = await new Promise((resolve) => {
      const url = new URL('/.well-known/openid-configuration', corp.issuer)
      request(url, { headers: { host: 'evil.example' } }, (response) => resolve(response.statusCode)).end()
    })
    expect(status).toBe(421)
  })

  it('keeps its key, and the people their passwords, over a restart', async () => {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'rolegate-demo-'))
    try {
      const people = demoPeople(dataDirectory, randomBytes)
      const start = async (): Promise<unknown> => {
        const settings = {
          clientId: 'rolegate',
          clientSecret: 'x'.repeat(32),
          redirectUri: 'http://127.0.0.1/cb',
        }
        const op = await startDemoOidcProvider({
          port: 0,
          dataDirectory,
          people,
          ...settings,
          log: keptLog(),
        })
        const keys: unknown = await (await fetch(`${op.issuer}/jwks`)).json()
        await op.close()
        return keys
      }
      expect(await start()).toEqual(await start())
      expect(demoPeople(dataDirectory, randomBytes)).toEqual(people)
      for (const file of ['people.json', 'oidc-provider.json']) {
        expect(statSync(join(dataDirectory, 'demo', file)).mode & 0o777).toBe(0o600)
      }
    } finally {
      rmSync(dataDirectory, { recursive: true, force: true })
    }
  })

  it('says clearly that its port is taken', async () => {
    const port = Number(new URL(corp.issuer).port)
    await expect(startOidcProvider({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('the demo people', () => {
  it('are ada, grace, alan and edsger, with a password of their own in every installation', () => {
    const directories = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'rolegate-people-')))
    try {
      const people = directories.flatMap((directory) => demoPeople(directory, randomBytes))
      const names = ['ada', 'grace', 'alan', 'edsger']
      expect(people.map(({ username }) => username)).toEqual([...names, ...names])
      const passwords = people.map(({ password }) => password)
      expect(new Set(passwords).size).toBe(8)
      const group = '[2-9b-df-hjkmnp-tv-z]{5}'
      const readable = new RegExp(`^${group}-${group}-${group}-${group}$`)
      expect(passwords.every((each) => readable.test(each))).toBe(true)
    } finally {
      for (const directory of directories) rmSync(directory, { recursive: true, force: true })
    }
  })
})
