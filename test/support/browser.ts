/** The machine's Chromium, headless, for tests that look at pages. It talks to loopback and nothing else. */
import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

const executable = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

export async function startBrowser(): Promise<Browser> {
  if (!existsSync(executable)) {
    throw new Error(`no Chromium at ${executable}: install Debian's package chromium, or set CHROMIUM`)
  }
  return chromium.launch({
    executablePath: executable,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  })
}

/** What a page did that no page of ours should: script errors, policy violations, requests to other hosts. */
export interface Watch {
  readonly complaints: readonly string[]
}

/** @param home The only origin that pages may load anything from. */
export function watch(page: Page, home: string): Watch {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`))
  page.on('console', (message) => {
    // An answer of 4xx is reported as an error too; tests look at statuses themselves.
    const ours = message.type() === 'error' && !message.text().startsWith('Failed to load resource')
    if (ours) complaints.push(`console: ${message.text()}`)
  })
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (!request.isNavigationRequest() && url.origin !== home) complaints.push(`request: ${url.origin}`)
  })
  return { complaints }
}

export async function newPage(
  browser: Browser,
  home: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ readonly context: BrowserContext; readonly page: Page; readonly watch: Watch }> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options })
  context.setDefaultTimeout(10_000)
  const page = await context.newPage()
  return { context, page, watch: watch(page, home) }
}
