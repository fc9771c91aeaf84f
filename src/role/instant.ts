/** How instants are written in condition keys, records and tokens: ISO 8601 in UTC, to the second, as AWS writes them. */

let latest = { second: Number.NaN, text: '' }

/** e.g. `2026-01-02T03:04:05Z`. Remembers the latest second: most of what is written is of this moment. */
export function isoSeconds(instant: Date): string {
  const second = Math.floor(instant.getTime() / 1000)
  if (second !== latest.second) latest = { second, text: `${instant.toISOString().slice(0, 19)}Z` }
  return latest.text
}
