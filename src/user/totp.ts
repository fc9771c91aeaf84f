/**
 * Time-based one-time passwords (RFC 6238) as authenticator apps make them: SHA-1, six digits, a step of 30 seconds.
 * The only importer of otpauth. Which codes count, and how often, is `mfa-verification.ts`.
 */
import { timingSafeEqual } from 'node:crypto'
import { HOTP, Secret, TOTP } from 'otpauth'

/** What the apps of Google and others understand; they ignore other values without saying so. */
const shape = { algorithm: 'SHA1', digits: 6 } as const
const stepSeconds = 30

/** RFC 4226 §4 R6 asks for 16 bytes and recommends 20. */
export const secretBytes = { least: 16, made: 20, most: 64 } as const

export function stepAt(instant: Date): number {
  return Math.floor(instant.getTime() / 1000 / stepSeconds)
}

/** When the step is over on a clock that is right. */
export function endOfStep(step: number): Date {
  return new Date((step + 1) * stepSeconds * 1000)
}

/** @returns six ASCII digits. */
export function codeAt(secret: Buffer, step: number): string {
  return HOTP.generate({ ...shape, secret: secretOf(secret), counter: step })
}

/**
 * Takes the same time whichever of the steps it is, and when it is none.
 * @param code whatever was typed; anything but six ASCII digits is no step's code.
 * @returns the first of `steps` that the code is of.
 */
export function stepOfCode(secret: Buffer, code: string, steps: readonly number[]): number | undefined {
  if (!/^[0-9]{6}$/.test(code)) return undefined
  const given = Buffer.from(code)
  const right = steps.map((step) => timingSafeEqual(given, Buffer.from(codeAt(secret, step))))
  return steps[right.indexOf(true)]
}

/**
 * What a QR code gives to an app.
 * https://github.com/google/google-authenticator/wiki/Key-Uri-Format
 */
export function otpauthUri(what: {
  readonly issuer: string
  readonly label: string
  readonly secret: Buffer
}): string {
  // A colon parts the issuer from the label.
  const [issuer, label] = [what.issuer, what.label].map((text) => text.replace(/:/g, ' '))
  return new TOTP({
    ...shape,
    period: stepSeconds,
    issuer: issuer ?? '',
    label: label ?? '',
    secret: secretOf(what.secret),
  }).toString()
}

/** @returns RFC 4648 base32 without padding, as people type it into an app. */
export function secretText(secret: Buffer): string {
  return secretOf(secret).base32
}

/** @returns undefined for what is no base32 of 16 to 64 bytes; blanks, hyphens, padding and case do not matter. */
export function secretFromText(text: string): Buffer | undefined {
  const plain = text.replace(/[\s-]/g, '').replace(/=+$/, '').toUpperCase()
  if (!/^[A-Z2-7]+$/.test(plain) || plain.length > 128) return undefined
  const secret = Buffer.from(Secret.fromBase32(plain).bytes)
  return secret.length >= secretBytes.least && secret.length <= secretBytes.most ? secret : undefined
}

function secretOf(secret: Buffer): Secret {
  // A copy: small buffers share their memory with others.
  return new Secret({ buffer: Uint8Array.from(secret).buffer })
}
