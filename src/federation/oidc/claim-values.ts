/** Reading claims whose shape the issuer chooses: by dotted path, as text, never through inherited members. */
import { isJsonObject, member, type JsonObject } from './strict-json.js'

/**
 * The claim of exactly this name, or else the nested one that the dots lead to: `realm_access.roles`. Names that are
 * URLs have dots of their own, which is why the whole name comes first.
 */
export function claimAt(claims: JsonObject, path: string): unknown {
  if (path === '') return undefined
  if (Object.hasOwn(claims, path)) return claims[path]
  return path
    .split('.')
    .reduce<unknown>((value, name) => (isJsonObject(value) ? member(value, name) : undefined), claims)
}

/** @returns undefined for what has no faithful text: null, objects, lists that hold anything but strings. */
export function textOf(value: unknown): string | readonly string[] | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    return String(value)
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined
}

/** As `textOf`, always as a list. */
export function textsOf(value: unknown): readonly string[] | undefined {
  const text = textOf(value)
  return typeof text === 'string' ? [text] : text
}

/** As `textsOf`, and undefined for numbers that a reader of JSON may have rounded. */
export function exactTexts(value: unknown): readonly string[] | undefined {
  return typeof value === 'number' && !Number.isSafeInteger(value) ? undefined : textsOf(value)
}
