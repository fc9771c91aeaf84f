/** One reading of percent escapes and `+`, for what is signed and for what is then read, so that the two never differ. */

/** @returns undefined when an escape is broken or does not make UTF-8. */
export function decode(text: string): string | undefined {
  if (!/[%+]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
