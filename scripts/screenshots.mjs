// Pictures of the pages, made from the running product: `node scripts/screenshots.mjs` after a build. Starts the
// demonstration on free ports with data of its own, walks through it in Chromium and writes docs/pictures/.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('..', import.meta.url))
const pictures = process.argv[2] ?? join(root, 'docs', 'pictures')
/** The demonstration takes the ports after its own for its identity providers. */
const portsNeeded = 4
const startSeconds = 60

const looks = [
  { suffix: '', options: { colorScheme: 'light', viewport: { width: 1280, height: 800 } } },
  { suffix: '-dark', options: { colorScheme: 'dark', viewport: { width: 1280, height: 800 } } },
  {
    suffix: '-phone',
    options: {
      colorScheme: 'light',
      viewport: { width: 390, height: 844 },
      deviceScaleFactor: 2,
      isMobile: true,
    },
  },
]

mkdirSync(pictures, { recursive: true })
const data = mkdtempSync(join(tmpdir(), 'rolegate-pictures-'))
const port = await freePorts()
const url = `http://127.0.0.1:${port}`
const server = spawn(
  process.execPath,
  [join(root, 'bin', 'rolegate'), 'serve', '--demo', '--listen', `127.0.0.1:${port}`, '--data', data].concat([
    '--certs',
    join(data, 'certs'),
    '--config',
    join(root, 'config'),
  ]),
  { stdio: ['ignore', 'ignore', 'inherit'] },
)
let browser
try {
  await answering()
  const passwords = JSON.parse(readFileSync(join(data, 'demo', 'people.json'), 'utf8'))
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
  })
  for (const { suffix, options } of looks) {
    const context = await browser.newContext({
      locale: 'en-GB',
      timezoneId: 'UTC',
      reducedMotion: 'reduce',
      ...options,
    })
    await walk(await context.newPage(), suffix, passwords)
    await context.close()
  }
} finally {
  await browser?.close()
  server.kill('SIGTERM')
  if (server.exitCode === null) await once(server, 'exit')
  rmSync(data, { recursive: true, force: true })
}

async function walk(page, suffix, passwords) {
  const picture = (name) => page.screenshot({ path: join(pictures, `${name}${suffix}.png`) })

  await page.goto(`${url}/signin`)
  // Passwords of an installation that is gone in a minute still look like passwords in a picture.
  await page.locator('.demo').evaluateAll((boxes) => boxes.forEach((box) => box.remove()))
  await picture('sign-in')

  await page.goto(`${url}/signin/demo-oidc`)
  await page.locator('input[name=username]').fill('ada')
  await page.locator('input[name=password]').fill(passwords.ada)
  await page.locator('input[name=password]').press('Enter')
  await page.waitForURL('**/accounts')
  await page.getByRole('button', { name: /^Open Developer/ }).click()
  await page.waitForURL('**/session')
  await page.goto(`${url}/accounts`)
  await picture('accounts')

  await page.getByRole('link', { name: /^Access keys for Developer/ }).click()
  await page.getByRole('button', { name: 'Get access keys' }).click()
  await page.getByRole('tab', { name: 'Profile' }).click()
  // The keys of an installation that is gone still look like keys in a picture: these are the ones manuals use.
  await page.locator('main [id^=block-]').evaluateAll((blocks) => {
    for (const block of blocks) {
      block.textContent = block.textContent
        .replace(/ASIA[A-Z2-7]{16}/g, 'ASIAIOSFODNN7EXAMPLE')
        .replace(/(secret_access_key *= *).*/i, '$1wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')
        .replace(/(session_token *= *).*/i, '$1EXAMPLE/session/token')
    }
  })
  await picture('access-keys')

  await page.goto(
    `${url}/switchrole?account=demo-platform&roleName=PlatformAdmin&displayName=Platform&color=99bce3`,
  )
  await picture('switch-role')
}

async function answering() {
  const deadline = Date.now() + startSeconds * 1000
  for (;;) {
    if (server.exitCode !== null) throw new Error(`the server stopped with status ${server.exitCode}`)
    const response = await fetch(`${url}/signin`).catch(() => undefined)
    if (response?.ok) return
    if (Date.now() > deadline) throw new Error(`the server did not answer within ${startSeconds} seconds`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

async function freePorts() {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    // Below the range from which systems hand out ports to whoever connects.
    const first = 20_000 + Math.floor(Math.random() * 12_000)
    const ports = Array.from({ length: portsNeeded }, (_, index) => first + index)
    const free = await Promise.all(ports.map(isFree))
    if (free.every(Boolean)) return first
  }
  throw new Error('no free ports')
}

function isFree(candidate) {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(candidate, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
