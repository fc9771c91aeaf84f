import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { decodeQR } from 'qr/decode.js'
import type { AuditLog } from '../../src/audit/event.js'
import { Fault } from '../../src/fault.js'
import { codeAt, secretFromText, stepAt } from '../../src/user/totp.js'
import type { User } from '../../src/user/user.js'
import { newPage, startBrowser } from '../support/browser.js'
import { userOf } from '../user/house.js'
import { adaPassword, portalHost, type PortalHost } from './portal-host.js'
import { signedIn, visitor, type Visitor } from './visitor.js'

const owner = { provider: 'local', username: 'ada' }
const mine = userOf('break-glass', { owner, description: 'When nothing else works', path: '/people/' })
const second = userOf('robot', {
  owner,
  account: '222233334444',
  arn: 'arn:aws:iam::222233334444:user/robot',
})
const others: readonly User[] = [
  userOf('grace', { owner: { provider: 'local', username: 'grace' } }),
  userOf('shadow', { owner: { provider: 'corp', username: 'ada' } }),
  userOf('shout', { owner: { provider: 'local', username: 'Ada' } }),
  userOf('nobody'),
]
const serial = 'arn:aws:iam::111122223333:mfa/people/break-glass'

const disabled = new Set<string>()
let host: PortalHost
let auditFails = false
const auditThrough = (audit: AuditLog): AuditLog => ({
  ...audit,
  record: (event) =>
    auditFails && event.eventSource === 'iam.amazonaws.com'
      ? Promise.reject(new Fault('AuditUnavailable', 'the audit record cannot be written'))
      : audit.record(event),
})
beforeAll(async () => {
  host = await portalHost({ users: [mine, second, ...others], auditThrough, disabled })
})
afterAll(() => host.close())
afterEach(() => {
  auditFails = false
  disabled.clear()
})

const hidden = (html: string, name: string) =>
  new RegExp(`name="${name}" value="([^"]+)"`).exec(html)?.[1] ?? ''
const secretIn = (html: string) =>
  secretFromText(/<dd class="mono wrap">([A-Z2-7 ]+)</.exec(html)?.[1] ?? '')!
const code = (secret: Buffer, steps = 0) => codeAt(secret, stepAt(host.clock.now()) + steps)
const begin = (ada: Visitor, name = '', user = mine) =>
  ada.post('/account/mfa/enrol', { user: user.arn, name })
const confirm = (ada: Visitor, sealed: string, first: string, next: string, user = mine) =>
  ada.post('/account/mfa/confirm', { user: user.arn, enrolment: sealed, first, second: next })

async function enrolled(ada: Visitor, name = '', user = mine): Promise<Buffer> {
  const { text } = await begin(ada, name, user)
  const secret = secretIn(text)
  const answer = await confirm(ada, hidden(text, 'enrolment'), code(secret, -1), code(secret), user)
  expect(answer.status).toBe(303)
  expect(answer.headers['location']).toBe('/account/mfa?done=enabled')
  host.clock.advance(60)
  return secret
}
const remove = (ada: Visitor, device: string, given: string, user = mine) =>
  ada.post('/account/mfa/remove', { user: user.arn, device, code: given })

describe('the page of MFA devices', () => {
  it('is linked from the accounts for owners, shows their users only, and is no page to anybody else', async () => {
    const ada = await signedIn(host)
    expect((await ada.get('/accounts')).text).toContain('href="/account/mfa"')
    const page = await ada.get('/account/mfa')
    expect(page.status).toBe(200)
    expect(page.headers['cache-control']).toBe('no-store')
    expect(page.text).toContain('break-glass')
    expect(page.text).toContain('robot')
    for (const { name } of others) expect(page.text).not.toContain(name)

    const elsewhere = await portalHost({ users: others })
    try {
      const stranger = await signedIn(elsewhere)
      expect((await stranger.get('/accounts')).text).not.toContain('/account/mfa')
      expect((await stranger.get('/account/mfa')).status).toBe(404)
    } finally {
      await elsewhere.close()
    }
  })

  it('leads through sign-in, and refuses forms from elsewhere or without the token', async () => {
    const anybody = visitor(host, host.url)
    const away = await anybody.get('/account/mfa')
    expect([away.status, away.headers['location']]).toEqual([303, '/signin?next=%2Faccount%2Fmfa'])
    const ada = await signedIn(host)
    const body = new URLSearchParams({ user: mine.arn, name: '' }).toString()
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const forged = [
      await ada.postRaw('/account/mfa/enrol', body, { ...type, origin: new URL(host.url).origin }),
      await ada.postRaw('/account/mfa/enrol', `${body}&csrf=${await ada.token()}`, {
        ...type,
        origin: 'https://evil.example',
      }),
    ]
    expect(forged.map(({ status }) => status)).toEqual([403, 403])
    expect((await ada.get('/account/mfa/enrol')).status).toBe(405)
  })

  it.each(others.map((user) => [user.name, user] as const))(
    'does nothing for %s, who is not theirs',
    async (_, user) => {
      const ada = await signedIn(host)
      for (const answer of [
        await begin(ada, '', user),
        await confirm(ada, 'x', '000000', '111111', user),
        await remove(ada, serial, '000000', user),
        await ada.post('/account/mfa/enrol', { user: '', name: '' }),
      ])
        expect(answer.status).toBe(404)
    },
  )

  it('enrols a device, whose codes then count, and removes it with a code', async () => {
    const ada = await signedIn(host)
    const shown = await begin(ada)
    expect(shown.headers['cache-control']).toBe('no-store')
    const secret = secretIn(shown.text)
    const sealed = hidden(shown.text, 'enrolment')
    const wrong = await confirm(ada, sealed, code(secret), code(secret))
    expect(wrong.status).toBe(400)
    expect(secretIn(wrong.text)).toEqual(secret)
    expect((await confirm(ada, hidden(wrong.text, 'enrolment'), code(secret, -1), code(secret))).status).toBe(
      303,
    )
    const list = await ada.get('/account/mfa?done=enabled')
    expect(list.text).toContain(serial)
    expect(list.text).toContain('The device is enabled')
    host.clock.advance(60)
    expect(await host.userRoom.mfa.verify(mine, serial, code(secret))).toBe('accepted')
    expect((await begin(ada)).status).toBe(409)

    expect((await remove(ada, serial, code(secret))).status).toBe(400)
    expect((await remove(ada, serial, '')).status).toBe(400)
    expect((await remove(ada, `${serial}/other`, code(secret, 1))).status).toBe(404)
    const gone = await remove(ada, serial, code(secret, 1))
    expect([gone.status, gone.headers['location']]).toEqual([303, '/account/mfa?done=removed'])
    expect((await ada.get('/account/mfa')).text).not.toContain(serial)
    expect(await host.userRoom.mfa.verify(mine, serial, code(secret, -1))).toBe('unknown-device')

    const records = (await host.audit.events()).filter(
      ({ eventSource }) => eventSource === 'iam.amazonaws.com',
    )
    expect(records.map(({ eventName, requestParameters }) => [eventName, requestParameters])).toEqual(
      ['CreateVirtualMFADevice', 'EnableMFADevice', 'DeactivateMFADevice'].map((name) => [
        name,
        { userName: 'break-glass', serialNumber: serial },
      ]),
    )
    expect(records[0]?.userIdentity).toMatchObject({ type: 'LocalUser', userName: 'ada' })
    const everything = JSON.stringify([await host.audit.events(), host.log.lines])
    expect(everything).not.toContain(
      /<dd class="mono wrap">([A-Z2-7 ]+)</.exec(shown.text)![1]!.replaceAll(' ', ''),
    )
    expect(everything).not.toContain(sealed)
  })

  it('shows a QR code of what the app needs, which a camera reads', async () => {
    const ada = await signedIn(host)
    const { text } = await begin(ada, 'phone')
    const [, size = '', path = ''] =
      /class="qr".*?viewBox="0 0 (\d+) \d+".*?<path d="([^"]+)"/s.exec(text) ?? []
    const side = Number(size) * 4
    const data = new Uint8Array(side * side * 3).fill(255)
    for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
      for (let row = Number(y) * 4; row < Number(y) * 4 + 4; row += 1)
        data.fill(0, (row * side + Number(x) * 4) * 3, (row * side + (Number(x) + Number(width)) * 4) * 3)
    }
    const uri = new URL(decodeQR({ width: side, height: side, data }))
    expect(decodeURIComponent(uri.pathname)).toBe('/Example Cloud:break-glass@111122223333 phone')
    expect(secretFromText(uri.searchParams.get('secret') ?? '')).toEqual(secretIn(text))
  })

  it('takes an enrolment from who began it only, for their user, for a quarter of an hour, and once', async () => {
    const ada = await signedIn(host)
    const { text } = await begin(ada)
    const [secret, sealed] = [secretIn(text), hidden(text, 'enrolment')]
    const codes = () => [code(secret, -1), code(secret)] as const
    const refused = [
      await confirm(await signedIn(host), sealed, ...codes()),
      await confirm(ada, sealed, ...codes(), second),
      await confirm(ada, `${sealed.slice(0, -2)}AA`, ...codes()),
      await confirm(ada, '', ...codes()),
    ]
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400])
    host.clock.advance(901)
    expect((await confirm(ada, sealed, ...codes())).text).toContain('This took too long')

    const again = await begin(ada)
    const fresh = [secretIn(again.text), hidden(again.text, 'enrolment')] as const
    expect((await confirm(ada, fresh[1], code(fresh[0], -1), code(fresh[0]))).status).toBe(303)
    host.clock.advance(60)
    expect((await confirm(ada, fresh[1], code(fresh[0], -1), code(fresh[0]))).status).toBe(409)
    expect((await remove(ada, serial, code(fresh[0], 1))).status).toBe(303)
  })

  it('keeps no device that could not be written down, and removes none', async () => {
    const ada = await signedIn(host)
    const { text } = await begin(ada, 'unwritten')
    const secret = secretIn(text)
    auditFails = true
    const answer = await confirm(ada, hidden(text, 'enrolment'), code(secret, -1), code(secret))
    expect(answer.status).toBe(503)
    expect(await host.userRoom.ownDevices.list(mine)).toEqual([])
    auditFails = false
    host.clock.advance(60)
    const kept = await enrolled(ada, 'kept')
    auditFails = true
    expect((await remove(ada, `${serial}/kept`, code(kept))).status).toBe(503)
    auditFails = false
    expect(await host.userRoom.ownDevices.list(mine)).toMatchObject([{ serialNumber: `${serial}/kept` }])
    expect((await remove(ada, `${serial}/kept`, code(kept, 1))).status).toBe(303)
  })

  it('is closed to a sign-in that outlives its provider: it enrols no second factor for anybody', async () => {
    const ada = await signedIn(host)
    const { text } = await begin(ada, 'late')
    const secret = secretIn(text)
    disabled.add('local')
    expect((await ada.get('/accounts')).text).not.toContain('/account/mfa')
    const answers = [
      await ada.get('/account/mfa'),
      await begin(ada, 'later'),
      await confirm(ada, hidden(text, 'enrolment'), code(secret, -1), code(secret)),
      await remove(ada, `${serial}/kept`, '000000'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    const kept = await host.userRoom.ownDevices.list(mine)
    expect(kept.map(({ serialNumber }) => serialNumber)).not.toContain(`${serial}/late`)
  })

  it('locks a device after five wrong codes, and says so', async () => {
    const ada = await signedIn(host)
    const secret = await enrolled(ada, '', second)
    const device = 'arn:aws:iam::222233334444:mfa/robot'
    for (let n = 0; n < 5; n += 1) expect((await remove(ada, device, 'x', second)).status).toBe(400)
    const locked = await remove(ada, device, code(secret), second)
    expect(locked.status).toBe(429)
    expect(locked.text).toContain('quarter of an hour')
    expect(await host.userRoom.ownDevices.list(second)).toHaveLength(1)
  })
})

describe('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser.close())

  it.each([
    ['with', true],
    ['without', false],
  ])('a person enrols and removes a device %s script', async (how, javaScriptEnabled) => {
    const { context, page, watch } = await newPage(browser, host.url, { javaScriptEnabled })
    await page.goto(`${host.url}/signin`)
    const form = page.locator('form[action="/signin/local"]')
    if (!(await form.isVisible())) await page.getByText('Local account').click()
    await form.getByLabel('User name').fill('ada')
    await form.getByLabel('Password').fill(adaPassword)
    await form.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL('**/accounts')
    await page.getByRole('link', { name: 'MFA devices' }).click()
    const card = page.locator('section', { hasText: 'break-glass' })
    await card.getByLabel('Name of a new device').fill(`phone-${how}`)
    await card.getByRole('button', { name: 'Add a device' }).click()
    await page.getByRole('img', { name: 'QR code' }).waitFor()
    const shots = process.env['SCREENSHOTS']
    if (shots !== undefined) await page.screenshot({ path: `${shots}/mfa-enrol-${how}.png`, fullPage: true })
    const secret = secretFromText((await page.locator('dd').first().textContent()) ?? '')!
    await page.getByLabel('Code that it shows').fill(code(secret, -1).replace(/(...)/, '$1 '))
    await page.getByLabel('Next code').fill(code(secret))
    await page.getByRole('button', { name: 'Enable' }).click()
    await page.getByText('The device is enabled').waitFor()
    expect(page.url()).toBe(`${host.url}/account/mfa?done=enabled`)
    if (shots !== undefined) await page.screenshot({ path: `${shots}/mfa-list-${how}.png`, fullPage: true })

    host.clock.advance(60)
    await page.locator('summary', { hasText: `phone-${how}` }).click()
    const device = page.locator('details', { hasText: `phone-${how}` })
    await device.getByLabel('Code that the device shows').fill(code(secret))
    await device.getByRole('button', { name: 'Remove this device' }).click()
    await page.getByText('The device is removed').waitFor()
    expect(await page.getByText(`phone-${how}`).count()).toBe(0)
    expect(watch.complaints).toEqual([])
    await context.close()
  })
})
