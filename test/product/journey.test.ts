/** The main job, end to end, in a real browser: sign in by every kind of source, take keys, use them, switch role. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { newPage, startBrowser } from '../support/browser.js'
import { startProduct, type Product } from '../support/product.js'

let product: Product
let browser: Browser

beforeAll(async () => {
  product = await startProduct()
  browser = await startBrowser()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await product?.stop()
  await product?.remove()
})

type Source = 'Demo OpenID Connect' | 'Demo SAML' | 'Demo directory (LDAP)' | 'Local account'

async function signIn(page: Page, source: Source, username: string): Promise<void> {
  const password = await product.password(username)
  await page.goto(product.url)
  if (source === 'Demo OpenID Connect' || source === 'Demo SAML') {
    await page.getByRole('link', { name: source }).click()
    await page.locator('input[name=username]').fill(username)
    await page.locator('input[type=password]').fill(password)
    await page.locator('button').first().click()
  } else {
    await page.locator('summary', { hasText: source }).click()
    const form = page.locator('details[open] form')
    await form.getByLabel('User name').fill(username)
    await form.getByLabel('Password').fill(password)
    await form.getByRole('button', { name: 'Sign in' }).click()
  }
}

async function offeredRoles(page: Page): Promise<readonly string[]> {
  await page.waitForURL('**/accounts')
  const labels = await page
    .getByRole('button', { name: /^Open / })
    .evaluateAll((buttons) => buttons.map((button) => button.getAttribute('aria-label') ?? ''))
  return labels.map((label) => label.replace(/^Open /, '')).toSorted()
}

const everybodyInEngineering = ['Developer in Development', 'EngineeringSandbox in Development']

describe('signing in', () => {
  it.each<[Source, boolean]>([
    ['Demo OpenID Connect', true],
    ['Demo SAML', true],
    ['Demo directory (LDAP)', false],
    ['Local account', false],
  ])('by %s shows what trust policies give', async (source, twoFactors) => {
    const { context, page, watch } = await newPage(browser, product.url)
    await signIn(page, source, 'ada')
    const roles = await offeredRoles(page)
    expect(roles).toEqual(expect.arrayContaining(everybodyInEngineering))
    // The directory and local accounts know no second factor, so the role that demands one is out of reach there.
    expect(roles.includes('PlatformAdmin in Platform')).toBe(twoFactors)
    expect(watch.complaints).toEqual([])
    await context.close()
  })

  it.each<Source>(['Demo OpenID Connect', 'Demo SAML', 'Demo directory (LDAP)', 'Local account'])(
    'by %s, an explicit deny wins for a contractor',
    async (source) => {
      const { context, page } = await newPage(browser, product.url)
      await signIn(page, source, 'edsger')
      const roles = await offeredRoles(page)
      expect(roles).toContain('ContractorSandbox in Development')
      expect(roles.some((role) => role.startsWith('CustomerData'))).toBe(false)
      await context.close()
    },
  )

  it('answers an unknown name and a wrong password alike', async () => {
    const { context, page } = await newPage(browser, product.url)
    const attempt = async (username: string): Promise<string> => {
      await page.goto(product.url)
      await page.locator('summary', { hasText: 'Local account' }).click()
      const form = page.locator('details[open] form')
      await form.getByLabel('User name').fill(username)
      await form.getByLabel('Password').fill('certainly not this')
      await form.getByRole('button', { name: 'Sign in' }).click()
      const text = await page.locator('[role=alert]').innerText()
      return text.replace(/[0-9a-f-]{36}/g, 'ID')
    }
    expect(await attempt('grace')).toBe(await attempt('nobody'))
    await context.close()
  })

  it('works without script, keys and switching included', async () => {
    const { context, page } = await newPage(browser, product.url, { javaScriptEnabled: false })
    await signIn(page, 'Local account', 'grace')
    await page.getByRole('heading', { level: 1, name: 'Accounts', exact: true }).waitFor()
    await page.getByRole('searchbox').fill('sandbox')
    await page.getByRole('searchbox').press('Enter')
    await page.waitForURL('**/accounts?**')
    expect(await page.getByRole('button', { name: /^Open / }).count()).toBe(1)
    await page.goto(`${product.url}/roles/777788889999/Developer`)
    await page.getByRole('button', { name: 'Get access keys' }).click()
    await page.getByText('export AWS_ACCESS_KEY_ID=').first().waitFor()
    await page.goto(`${product.url}/switchrole?account=demo-development&roleName=Developer`)
    await page.getByRole('button', { name: 'Switch role' }).click()
    await page.getByText('assumed-role/Developer/grace').first().waitFor()
    await context.close()
  })
})

describe('access keys from the page', () => {
  it('are accepted from a stock SDK by the STS endpoint', async () => {
    const { context, page } = await newPage(browser, product.url)
    await signIn(page, 'Demo SAML', 'grace')
    await page.waitForURL('**/accounts')
    await page.goto(`${product.url}/roles/777788889999/Developer`)
    await page.getByRole('button', { name: 'Get access keys' }).click()
    await page.getByRole('tab', { name: 'Single values' }).click()
    const value = async (position: number) =>
      (await page.locator(`#block-values-${String(position)}`).textContent()) ?? ''
    const sts = new STSClient({
      endpoint: product.url,
      region: 'eu-central-1',
      credentials: {
        accessKeyId: await value(0),
        secretAccessKey: await value(1),
        sessionToken: await value(2),
      },
    })
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Arn: 'arn:aws:sts::777788889999:assumed-role/Developer/grace',
    })
    await context.close()
  })
})

describe('switching role', () => {
  it('by link across accounts, judged with the identity that signed in, and back', async () => {
    const { context, page, watch } = await newPage(browser, product.url)
    await signIn(page, 'Demo OpenID Connect', 'ada')
    await page.waitForURL('**/accounts')
    const link = (query: string) => page.goto(`${product.url}/switchrole?${query}`)
    await link('account=777788889999&roleName=teams/Developer&displayName=Build&color=99bce3')
    await page.getByRole('button', { name: 'Switch role' }).click()
    await page.getByRole('heading', { level: 1, name: 'Build', exact: true }).waitFor()
    await link('account=demo-platform&roleName=PlatformAdmin&displayName=Platform+admin&color=f2b0a9')
    await page.getByRole('button', { name: 'Switch role' }).click()
    await page.getByRole('heading', { level: 1, name: 'Platform admin', exact: true }).waitFor()
    expect(await page.locator('.menu summary').textContent()).toMatch(/Platform admin.*left/)
    await page.locator('.menu summary').click()
    await page.locator('.menu').getByRole('button', { name: 'Back to Build' }).click()
    await page.getByRole('heading', { level: 1, name: 'Build', exact: true }).waitFor()
    expect(watch.complaints).toEqual([])
    await context.close()
  })

  it('refuses a role that trusts only another role, and one that does not exist, in the same words', async () => {
    const { context, page } = await newPage(browser, product.url)
    await signIn(page, 'Local account', 'grace')
    await page.waitForURL('**/accounts')
    const refused = async (account: string, role: string): Promise<string> => {
      await page.goto(`${product.url}/switchrole?account=${account}&roleName=${role}`)
      await page.getByRole('button', { name: 'Switch role' }).click()
      const text = await page.locator('[role=alert]').innerText()
      return text.replace(/[0-9a-f-]{36}/g, 'ID').replaceAll(role, 'ROLE')
    }
    expect(await refused('012345678901', 'ReleaseManager')).toBe(await refused('012345678901', 'Nowhere'))
    await context.close()
  })
})
