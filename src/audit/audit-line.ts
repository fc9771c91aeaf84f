/** One record as one line: valid JSON in which no reader, terminal or log shipper finds a line end or a control. */
import type { AuditEvent } from './event.js'

/** What JSON leaves as it is and others act upon: DEL and C1 controls, Unicode line ends, controls of direction. */
const risky = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu
/** All of them, and much else, lie outside of printable ASCII. */
const beyondAscii = /[^\x20-\x7e]/

/** Ends with a line feed. */
export function auditLine(event: AuditEvent): string {
  const json = JSON.stringify(event)
  return `${beyondAscii.test(json) ? escaped(json) : json}\n`
}

function escaped(json: string): string {
  return json.replace(risky, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
