/**
 * A real OpenID provider for tests, the demo's own with people of its own, and a browser that is just enough to sign
 * in there: it keeps cookies per host and port, follows redirects, fills in the form.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDemoOidcProvider, type DemoOidcProvider } from '../../src/demo/oidc-provider.js'
import { demoPeople, type DemoPerson } from '../../src/demo/people.js'
import type { OidcSettings } from '../../src/federation/settings.js'
import { keptLog } from './silent-log.js'

export interface TestOidcProvider extends DemoOidcProvider {
  readonly people: readonly DemoPerson[]
  readonly clientSecret: string
  /** Settings with which this provider's people can sign in; `change` replaces members. */
  settings(change?: Partial<OidcSettings>): OidcSettings
  person(username: string): DemoPerson
}

export async function startOidcProvider(
  options: { readonly name?: string; readonly redirectUri?: string; readonly port?: number } = {},
): Promise<TestOidcProvider> {
  const name = options.name ?? 'corp'
  const redirectUri = options.redirectUri ?? `http://127.0.0.1:8080/signin/${name}/callback`
  const dataDirectory = mkdtempSync(join(tmpdir(), 'rolegate-oidc-'))
  const people = demoPeople(dataDirectory, randomBytes)
  const clientSecret = randomBytes(32).toString('base64url')
  const provider = await startDemoOidcProvider({
    port: options.port ?? 0,
    dataDirectory,
    people,
    clientId: 'rolegate',
    clientSecret,
    redirectUri,
    log: keptLog(),
  })
  return {
    ...provider,
    people,
    clientSecret,
    settings: (change = {}) => ({
      ...oidcSettings(provider.issuer, { name }),
      client: {
        id: 'rolegate',
        secret: clientSecret,
        redirectUri,
        scopes: ['openid', 'profile', 'email', 'groups'],
        userinfo: false,
      },
      ...change,
    }),
    person: (username) => people.find((each) => each.username === username)!,
    close: async () => {
      await provider.close()
      rmSync(dataDirectory, { recursive: true, force: true })
    },
  }
}

/** Settings for workload tokens of an issuer on loopback, without a client. */
export function oidcSettings(issuer: string, change: Partial<OidcSettings> = {}): OidcSettings {
  return {
    kind: 'oidc',
    name: 'corp',
    displayName: 'Corporate',
    issuer,
    attributes: [],
    audiences: ['sts.amazonaws.com'],
    insecureAllowHttp: true,
    timeoutMs: 2_000,
    clockSkewSeconds: 60,
    usernameClaim: 'preferred_username',
    displayNameClaim: 'name',
    emailClaim: 'email',
    groupsClaim: 'groups',
    ...change,
  }
}

export interface TestBrowser {
  /** Follows redirects until a page comes, or until one leads to `stopAt`; that one is not requested. */
  open(
    url: URL,
    stopAt?: string,
  ): Promise<{ readonly url: URL; readonly status: number; readonly html: string }>
  /** Opens `location`, fills in the provider's form, and returns where the provider sends the browser back to. */
  signIn(location: URL, username: string, password: string, redirectUri: string): Promise<URL>
}

export function createTestBrowser(): TestBrowser {
  const jars = new Map<string, Map<string, string>>()

  const send = async (url: URL, form?: URLSearchParams): Promise<Response> => {
    const jar = jars.get(url.host) ?? new Map<string, string>()
    jars.set(url.host, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, {
      redirect: 'manual',
      headers: cookie === '' ? {} : { cookie },
      ...(form ? { method: 'POST', body: form } : {}),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }

  const follow = async (
    from: URL,
    form: URLSearchParams | undefined,
    stopAt: string,
  ): Promise<{ readonly url: URL; readonly status: number; readonly html: string }> => {
    let url = from
    for (let hops = 0; hops < 12; hops++) {
      const response = await send(url, hops === 0 ? form : undefined)
      const location = response.headers.get('location')
      if (location === null) return { url, status: response.status, html: await response.text() }
      url = new URL(location, url)
      if (stopAt !== '' && url.href.startsWith(stopAt)) return { url, status: response.status, html: '' }
    }
    throw new Error(`too many redirects from ${from.href}`)
  }

  return {
    open: (url, stopAt = '') => follow(url, undefined, stopAt),
    async signIn(location, username, password, redirectUri) {
      const page = await follow(location, undefined, redirectUri)
      const action = /<form[^>]* action="([^"]+)"/.exec(page.html)?.[1]
      if (action === undefined) return page.url
      const form = new URLSearchParams({ username, password })
      const after = await follow(new URL(action, page.url), form, redirectUri)
      return after.url
    },
  }
}
