/**
 * The kinds of value that settings are made of, as zod pieces: text, secrets, addresses, durations, names, tags. They
 * say the shape and the words of a refusal; what needs the environment, the disk or another setting is said by the
 * readers beside this folder.
 */
import * as z from 'zod'
import { durationMs, durationPattern, durationText } from '../duration.js'
import { suggestion } from '../nearest-name.js'

/** An object that refuses unknown names, one line of message per unknown name in the order of `keys`. */
export function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `is not a known field; ${suggestion(key, known)}`).join('\n')
        : undefined,
  })
}

const reference = /\$\{(?:env|file):/i

/** One line of text. References are refused, since they are only followed where a secret or an address belongs. */
export const text = (max = 1024) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !reference.test(value), {
      error: '`${env:…}` and `${file:…}` are only read in secrets and addresses',
    })
    .regex(/^\P{Cc}*$/u, 'must be one line without control characters')

/** Path of a file, relative to the configuration folder. */
export const filePath = () => text(4096)

export type SecretReference =
  { readonly from: 'env'; readonly name: string } | { readonly from: 'file'; readonly path: string }

const secretAdvice = 'a secret is never written here: say `${env:NAME}` or `${file:PATH}`'

/** Wholly a reference; the value is fetched later and never parsed again. */
export const secret = () =>
  z
    .string({ error: secretAdvice })
    .regex(/^\$\{(?:env:[A-Za-z_][A-Za-z0-9_]*|file:[^{}\p{Cc}]+)\}$/u, secretAdvice)
    .transform((value): SecretReference => {
      const inner = value.slice(2, -1)
      return inner.startsWith('env:')
        ? { from: 'env', name: inner.slice(4) }
        : { from: 'file', path: inner.slice(5) }
    })

/** A URL, host or `host:port`; `${env:NAME}` inside is replaced before it is looked at. */
export const address = () =>
  z
    .string()
    .min(1)
    .max(2048)
    .refine((value) => !/\$\{file:/i.test(value), {
      error: 'an address may use `${env:NAME}`, not `${file:…}`',
    })

/** Seconds as a number, or text such as `15m`, `12h`, `1h30m`; comes out as whole seconds. */
export const seconds = (min: number, max: number) => duration(min * 1000, max * 1000, 1000)

/** The same way of writing; comes out as milliseconds, so `500ms` is possible. */
export const milliseconds = (min: number, max: number) => duration(min, max, 1)

function duration(min: number, max: number, unit: number) {
  const advice = 'must be seconds as a number, or text such as `90s`, `15m`, `12h`, `1h30m`'
  return z
    .union([z.number(), z.string().regex(durationPattern, advice)], { error: advice })
    .transform((value, context) => {
      const ms = durationMs(value)
      if (ms === undefined || !Number.isInteger(ms / unit)) {
        context.addIssue({ code: 'custom', message: advice })
        return z.NEVER
      }
      if (ms < min || ms > max) {
        const message = `must be between ${durationText(min)} and ${durationText(max)}`
        context.addIssue({ code: 'custom', message })
        return z.NEVER
      }
      return ms / unit
    })
}

export const accountId = () =>
  z
    .string({
      error: ({ input }) =>
        typeof input === 'number'
          ? 'reads as a number, which loses leading zeros: quote it, e.g. "012345678901"'
          : undefined,
    })
    .regex(/^\d{12}$/, 'an account id is 12 decimal digits')

export const color = () =>
  z
    .string({
      error: ({ input }) =>
        input === null
          ? 'is empty: `#` starts a comment in YAML, so quote the colour, e.g. "#1f6feb"'
          : undefined,
    })
    .regex(/^#[0-9a-fA-F]{6}$/, 'a colour is written `"#rrggbb"`')
    .transform((value) => value.toLowerCase())

export const tagKey = () =>
  z
    .string()
    .regex(
      /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u,
      'a tag key has 1 to 128 letters, digits, spaces or _.:/=+-@',
    )
    .regex(/^(?!aws:)/i, 'tag keys that start with `aws:` are reserved')

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
export const tags = () =>
  z
    .record(
      tagKey(),
      z
        .string()
        .regex(
          /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u,
          'a tag value has up to 256 letters, digits, spaces or _.:/=+-@',
        ),
    )
    .refine((value) => Object.keys(value).length <= 50, { error: 'at most 50 tags' })
    .refine(
      (value) =>
        new Set(Object.keys(value).map((key) => key.toLowerCase())).size === Object.keys(value).length,
      {
        error: 'tag keys that differ only in case are the same key',
      },
    )

/** Ignored: tells editors where the schema is, in JSON files. */
export const schemaHint = () =>
  z.string().optional().meta({ description: 'Where the JSON Schema of this file is; for editors.' })
