/** A browser as a test speaks of it: keeps cookies, says where it comes from, finds forms' tokens. */
import request, { type Response } from 'supertest'
import { adaPassword, type PortalHost } from './portal-host.js'

export interface Visitor {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>
  /** As one of our pages would send it: same origin, this session's token. */
  post(path: string, fields?: Readonly<Record<string, string>>): Promise<Response>
  /** With exactly these headers besides the cookies. */
  postRaw(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<Response>
  cookie(name: string): string | undefined
  setCookie(name: string, value: string): void
  /** The token in the forms of the accounts page. */
  token(): Promise<string>
}

export const form = 'application/x-www-form-urlencoded'

export function visitor(host: Pick<PortalHost, 'server'>, publicUrl: string): Visitor {
  const jar = new Map<string, string>()

  function keep(response: Response): Response {
    const set = response.headers['set-cookie'] as unknown as readonly string[] | undefined
    for (const line of set ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      if (line.includes('1970')) jar.delete(name!)
      else jar.set(name!, value!)
    }
    return response
  }

  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')

  const self: Visitor = {
    get: async (path, headers = {}) =>
      keep(
        await request(host.server)
          .get(path)
          .set({ cookie: cookies(), accept: 'text/html', ...headers }),
      ),
    async post(path, fields = {}) {
      const needsToken = !path.startsWith('/signin')
      const csrf = needsToken && fields['csrf'] === undefined ? { csrf: await self.token() } : {}
      return self.postRaw(path, new URLSearchParams({ ...csrf, ...fields }).toString(), {
        origin: new URL(publicUrl).origin,
        'content-type': form,
      })
    },
    postRaw: async (path, body, headers) =>
      keep(
        await request(host.server)
          .post(path)
          .set({ cookie: cookies(), accept: 'text/html', ...headers })
          .send(body),
      ),
    cookie: (name) => jar.get(name),
    setCookie: (name, value) => void jar.set(name, value),
    async token() {
      const page = await self.get('/switchrole')
      return /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    },
  }
  return self
}

/** Signs Ada in with her local account. */
export async function signedIn(host: PortalHost): Promise<Visitor> {
  const ada = visitor(host, host.url)
  const response = await ada.post('/signin/local', { username: 'ada', password: adaPassword })
  if (response.status !== 303) throw new Error(`sign-in answered ${response.status}: ${response.text}`)
  return ada
}
