/** Reading the header pairs of a request as they came, repeats included. */
import { createHash } from 'node:crypto'

/** The headers of one request by name, so that each of them is looked for once and not in a row of pairs. */
export interface HeaderIndex {
  /** Names in lower case. Repeats are joined with commas, in wire order (RFC 9110 section 5.3). */
  readonly values: ReadonlyMap<string, string>
  /** Names that came more than once. */
  readonly repeated: readonly string[]
}

const none: readonly string[] = []
const blanksToMend = /[\t\r\n]| {2}|^ | $/

export function indexHeaders(headers: readonly (readonly [name: string, value: string])[]): HeaderIndex {
  const values = new Map<string, string>()
  let repeated: string[] | undefined
  for (const [name, value] of headers) {
    const earlier = values.get(name)
    if (earlier === undefined) values.set(name, value)
    else {
      values.set(name, `${oneBlankEach(earlier)},${oneBlankEach(value)}`)
      ;(repeated ??= []).push(name)
    }
  }
  return { values, repeated: repeated ?? none }
}

export function headerValues(
  headers: readonly (readonly [name: string, value: string])[],
  wanted: string,
): readonly string[] {
  return headers.filter(([name]) => name === wanted).map(([, value]) => value)
}

/** No blanks at the ends, single ones between. They are those of ASCII, as for AWS's signer: a no-break space stays. */
export function oneBlankEach(value: string): string {
  return blanksToMend.test(value) ? value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '') : value
}

/** What error messages show in place of a header that may hold somebody's signature. */
export function sha256Base64(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
