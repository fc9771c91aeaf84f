/**
 * What a log line may say. Secrets are kept out by their field's name, errors are reduced to what helps, and text from
 * outside cannot reach a terminal as anything but text.
 *
 * This is the net, not the rule: callers do not log secrets in the first place.
 */
import { types } from 'node:util'
import type { LogFields } from './log.js'

const secretName =
  /(password|passphrase|secret|authorization|cookie|credential|assertion|saml_?re(sponse|quest)|private_?key|verifier)|tokens?$|^(code|pin|otp)$/i
const userInfoInUrl = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi
const notText = /(?![\n\r\t])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu
const REDACTED = '[redacted]'
const DEPTH = 6
const ITEMS = 100
const CHARACTERS = 4_096

export function safeFields(fields: LogFields): Record<string, unknown> {
  return safeRecord(Object.entries(fields), DEPTH)
}

function safeRecord(entries: Iterable<readonly [string, unknown]>, depth: number): Record<string, unknown> {
  // No prototype: a field called `__proto__` is a field like any other.
  const safe = Object.create(null) as Record<string, unknown>
  for (const [name, value] of entries) {
    safe[safeText(name)] =
      secretName.test(name) && value !== undefined ? REDACTED : safeValue(value, depth - 1)
  }
  return safe
}

function safeValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return safeText(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth <= 0) return '…'
  if (types.isNativeError(value)) return safeError(value, depth)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString()
  if (value instanceof URL) return safeText(value.href)
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  if (value instanceof Map)
    return safeRecord(
      [...value].map(([key, item]) => [String(key), item]),
      depth,
    )
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].slice(0, ITEMS).map((item) => safeValue(item, depth - 1))
  }
  return safeRecord(Object.entries(value), depth)
}

/** Nothing else of an error: packages hang requests, bodies and credentials on theirs. */
function safeError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: unknown }
  return {
    name,
    message: safeText(message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof reason === 'string' ? { reason: safeText(reason) } : {}),
    ...(stack === undefined ? {} : { stack: safeText(stack) }),
    ...(cause === undefined ? {} : { cause: safeValue(cause, depth - 1) }),
    ...(error instanceof AggregateError ? { errors: safeValue(error.errors, depth - 1) } : {}),
  }
}

function safeText(text: string): string {
  const cut = text.length > CHARACTERS ? `${text.slice(0, CHARACTERS)}…` : text
  return cut
    .replace(userInfoInUrl, `$1${REDACTED}@`)
    .replace(notText, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
