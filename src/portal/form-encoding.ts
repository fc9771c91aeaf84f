/** Whether a query or a form means what it seems to: WHATWG's parser repairs broken escapes, and we do not guess. */

/** Every escape is complete and the bytes are UTF-8. */
export function isFormEncoded(raw: string): boolean {
  // What was not UTF-8 in a body has become this character on the way here.
  if (raw.includes('\ufffd')) return false
  try {
    decodeURIComponent(raw)
    return true
  } catch {
    return false
  }
}
