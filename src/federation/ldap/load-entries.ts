/**
 * Writes entries into a directory on this machine: the demo's and the tests'. The sign-in path only ever reads.
 */
import { Client, ResultCodeError } from 'ldapts'

export interface NewEntry {
  readonly dn: string
  readonly attributes: Readonly<Record<string, readonly string[]>>
}

/**
 * Adds the entries in order, once the server answers.
 * @param options.waitMs how long to wait for a server that is starting.
 * @param options.alive false ends the waiting early.
 * @throws {Error} when the server does not answer in time, or refuses an entry.
 */
export async function loadEntries(
  url: string,
  administrator: { readonly dn: string; readonly password: string },
  entries: readonly NewEntry[],
  options: { readonly waitMs: number; readonly alive: () => boolean },
): Promise<void> {
  const client = new Client({ url, connectTimeout: 1_000, timeout: 5_000 })
  try {
    for (let waited = 0; ; waited += pollMs) {
      try {
        await client.bind(administrator.dn, administrator.password)
        break
      } catch (cause) {
        if (cause instanceof ResultCodeError || !options.alive() || waited >= options.waitMs) throw cause
        await new Promise((resolve) => setTimeout(resolve, pollMs))
      }
    }
    for (const { dn, attributes } of entries) {
      const values = Object.entries(attributes).map(([name, list]): [string, string[]] => [name, [...list]])
      await client.add(dn, Object.fromEntries(values))
    }
  } finally {
    await client.unbind().catch(() => {})
  }
}

const pollMs = 25
