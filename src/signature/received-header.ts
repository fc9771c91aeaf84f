/** Reading the header pairs of a request as they came, repeats included. */
import { createHash } from 'node:crypto'

export function headerValues(
  headers: readonly (readonly [name: string, value: string])[],
  wanted: string,
): readonly string[] {
  return headers.filter(([name]) => name === wanted).map(([, value]) => value)
}

/** What error messages show in place of a header that may hold somebody's signature. */
export function sha256Base64(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
