import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { newPage, startBrowser } from '../support/browser.js'
import { accounts, adaPassword, portalHost, redirectProvider, roles, type PortalHost } from './portal-host.js'

let browser: Browser
let host: PortalHost
let idp: Server
beforeAll(async () => {
  browser = await startBrowser()
  idp = createServer()
  await new Promise<void>((resolve) => idp.listen(0, '127.0.0.1', resolve))
  const idpUrl = `http://127.0.0.1:${String((idp.address() as AddressInfo).port)}`
  host = await portalHost({
    providers: () => [redirectProvider('corp', () => new URL(idpUrl), { asForm: true })],
  })
  // Takes the form that the portal sends, and posts its answer from a page of its own, as SAML providers do.
  idp.on('request', (incoming, outgoing) => {
    let body = ''
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
    incoming.on('end', () => {
      const state = new URLSearchParams(body).get('RelayState') ?? ''
      outgoing.setHeader('content-type', 'text/html')
      outgoing.end(
        `<form method="post" action="${host.url}/signin/corp/callback">
           <input name="RelayState" value="${state}"><input name="user" value="ada"><button>Yes</button>
         </form>`,
      )
    })
  })
})
afterAll(async () => {
  await browser.close()
  idp.closeAllConnections()
  idp.close()
  await host.close()
})

async function signIn(page: Page, at = host): Promise<void> {
  await page.goto(`${at.url}/signin`)
  await page.getByText('Local account').click()
  const form = page.locator('form[action="/signin/local"]')
  await form.getByLabel('User name').fill('ada')
  await form.getByLabel('Password').fill(adaPassword)
  await form.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/accounts')
}

describe('a person with a browser', () => {
  it('signs in, searches, takes keys, switches, goes back, leaves, signs out', async () => {
    const { context, page, watch } = await newPage(browser, host.url)
    await signIn(page)

    await page.keyboard.press('/')
    await page.keyboard.type('prod read')
    expect(await page.locator('li[data-search]:visible').count()).toBe(1)
    expect(await page.locator('[data-filter-status]').textContent()).toBe('1 of 4 roles in 2 accounts')
    await page.keyboard.press('ArrowDown')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
      'Open ReadOnly in Production',
    )
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Escape')
    expect(await page.locator('li[data-search]:visible').count()).toBe(4)

    await page.getByLabel('Access keys for Developer in Sandbox').click()
    await page.getByLabel('Keys are good for').selectOption({ label: '36 hours' })
    await page.getByRole('button', { name: 'Get access keys' }).click()
    await page.getByRole('tab', { name: 'Single values' }).click()
    expect(await page.locator('#keys-environment').isVisible()).toBe(false)
    const id = await page.locator('#block-values-0').textContent()
    const token = await page.locator('#block-values-2').textContent()
    expect(host.credentials.open(id!, token!)?.session).toMatchObject({
      type: 'role',
      roleArn: 'arn:aws:iam::111122223333:role/Developer',
    })
    expect(page.url()).toBe(`${host.url}/roles/111122223333/Developer`)
    expect(await page.locator('.keys-expiry').textContent()).toMatch(/3[56] h/)

    await page.goto(`${host.url}/switchrole?account=prod&roleName=Operator&displayName=Ops&color=99bce3`)
    await page.getByRole('button', { name: 'Switch role' }).click()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Ops')
    expect(await page.locator('.menu summary').textContent()).toMatch(/Ops.*left/)

    await page.goto(`${host.url}/accounts`)
    await page.getByLabel('Open Developer in Sandbox').click()
    await page.locator('.menu summary').click()
    await page.locator('.menu').getByRole('button', { name: 'Back to Ops' }).click()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Ops')
    await page.locator('.menu summary').click()
    await page.locator('.recent button', { hasText: 'Developer @ Sandbox' }).click()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Developer @ Sandbox')
    await page.locator('main').getByRole('button', { name: 'Exit role' }).click()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Who am I')

    await page.locator('.menu summary').click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    expect(await page.getByRole('status').textContent()).toContain('You are signed out.')
    await page.goBack()
    await page.waitForURL('**/signin**')
    expect(watch.complaints).toEqual([])
    await context.close()
  })

  it('signs in by a form that goes to another site and an answer posted from there', async () => {
    const { context, page, watch } = await newPage(browser, host.url)
    await page.goto(`${host.url}/session`)
    await page.getByText('corp single sign-on').click()
    await page.getByRole('button', { name: 'Yes' }).click()
    await page.waitForURL('**/session')
    expect(await page.locator('main').textContent()).toContain('Ada Lovelace')
    expect(watch.complaints).toEqual([])
    await context.close()
  })

  it('sees keys leave the page when they expire', async () => {
    const { context, page } = await newPage(browser, host.url)
    await signIn(page)
    await page.clock.install({ time: new Date() })
    await page.goto(`${host.url}/roles/222233334444/ReadOnly`)
    await page.getByLabel('Keys are good for').selectOption({ label: '15 minutes' })
    await page.getByRole('button', { name: 'Get access keys' }).click()
    expect(await page.content()).toContain('AWS_SECRET_ACCESS_KEY')
    await page.clock.fastForward('15:01')
    await page.getByText('These keys have expired').waitFor()
    expect(await page.content()).not.toContain('AWS_SECRET_ACCESS_KEY')
    await context.close()
  })

  it('keeps working in a second tab after the first has switched role', async () => {
    const { context, page } = await newPage(browser, host.url)
    await signIn(page)
    const second = await context.newPage()
    await second.goto(`${host.url}/accounts`)
    await page.getByLabel('Open Operator in Production').click()
    await second.getByLabel('Open Developer in Sandbox').click()
    expect(await second.getByRole('heading', { level: 1 }).textContent()).toBe('Developer @ Sandbox')
    await context.close()
  })
})

describe('without script', () => {
  it('everything works that has to', async () => {
    const { context, page } = await newPage(browser, host.url, { javaScriptEnabled: false })
    await signIn(page)
    await page.getByRole('searchbox').fill('sandbox')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/accounts?q=sandbox')
    expect(await page.locator('li[data-search]').count()).toBe(2)
    await page.getByLabel('Access keys for Developer in Sandbox').click()
    await page.getByRole('button', { name: 'Get access keys' }).click()
    for (const section of ['environment', 'profile', 'values']) {
      expect(await page.locator(`#keys-${section}`).isVisible()).toBe(true)
    }
    expect(await page.getByRole('button', { name: 'Copy' }).count()).toBe(0)
    await page.goto(`${host.url}/switchrole?account=prod&roleName=Operator`)
    await page.getByRole('button', { name: 'Switch role' }).click()
    await page.locator('.menu summary').click()
    await page.locator('.menu').getByRole('button', { name: 'Exit role' }).click()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Who am I')
    await page.locator('.menu summary').click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL('**/signin**')
    await context.close()
  })

  it('a source that wants a form is reached by a button', async () => {
    const { context, page } = await newPage(browser, host.url, { javaScriptEnabled: false })
    await page.goto(`${host.url}/signin/corp`)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('button', { name: 'Yes' }).click()
    await page.waitForURL('**/accounts')
    await context.close()
  })
})

describe('hostile words', () => {
  const markup = `"'><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}\${8*8}<svg onload=alert(3)>`
  const direction = `\u202eevil\u2066\u200b`
  const long = 'W'.repeat(10_000)

  it.each([
    ['markup', markup],
    ['direction marks', direction],
    ['ten thousand letters', long],
  ])('of %s, wherever a person or a provider can put them, do nothing', async (_name, words) => {
    const named = await portalHost({
      accounts: accounts.map((account) => ({ ...account, name: words, unit: words, email: words })),
      roles: roles.map((role) => ({ ...role, description: words })),
      providers: (url) => [
        redirectProvider('corp', (state) => new URL(`${url}/signin/corp/callback?state=${state}`), {
          displayName: words,
          assertion: {
            username: words,
            displayName: words,
            email: words,
            groups: [words],
            // Travels in the session token, which has to fit into a header.
            subject: words.slice(0, 200),
            conditionKeys: new Map<string, string | readonly string[]>([
              ['saml:sub', words.slice(0, 200)],
              ['saml:groups', [words, words]],
            ]),
          },
        }),
      ],
    })
    const { context, page, watch } = await newPage(browser, named.url, {
      viewport: { width: 320, height: 640 },
    })
    try {
      const calm = async () => {
        expect(watch.complaints).toEqual([])
        expect(await page.locator('main img, main script, main svg[onload]').count()).toBe(0)
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
      }
      const link = new URLSearchParams({
        account: words,
        roleName: words,
        displayName: words,
        color: words,
      }).toString()
      for (const path of [
        `/signin?next=${encodeURIComponent(words.slice(0, 3000))}`,
        `/signin?notice=${encodeURIComponent(words.slice(0, 3000))}`,
        '/signin/corp',
        '/accounts',
        `/accounts?q=${encodeURIComponent(words.slice(0, 3000))}`,
        `/switchrole?${link.slice(0, 6000)}`,
        '/session',
        `/device?user_code=${encodeURIComponent(words.slice(0, 3000))}`,
        `/nowhere/${encodeURIComponent(words.slice(0, 3000))}`,
      ]) {
        await page.goto(named.url + path)
        await calm()
      }
      await page.goto(`${named.url}/switchrole`)
      await page.locator('input[name=account]').fill('prod')
      await page.locator('input[name=roleName]').fill('Operator')
      await page.locator('input[name=displayName]').fill(words.slice(0, 64))
      await page.locator('main').getByRole('button', { name: 'Switch role' }).click()
      await page.waitForURL('**/session')
      await calm()
      await page.locator('.menu summary').click()
      await calm()
      await page.goto(`${named.url}/roles/222233334444/Operator`)
      await page.getByRole('button', { name: 'Get access keys' }).click()
      await page.getByRole('tab', { name: 'Profile' }).waitFor()
      await calm()
    } finally {
      await context.close()
      await named.close()
    }
  })

  it('in the colour of a link never reach a style', async () => {
    const { context, page, watch } = await newPage(browser, host.url)
    await signIn(page)
    for (const color of [
      'red;}</style><script>alert(1)</script>',
      'url(https://evil.example)',
      '#99bce3',
      'GGGGGG',
    ]) {
      await page.goto(
        `${host.url}/switchrole?account=prod&roleName=Operator&color=${encodeURIComponent(color)}`,
      )
      expect(await page.locator('input[name=color]:checked').getAttribute('value')).toBe('')
    }
    expect(watch.complaints).toEqual([])
    await context.close()
  })
})
