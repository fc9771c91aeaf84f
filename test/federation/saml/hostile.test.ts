/**
 * Messages that must be refused, one row per trick, with the reason the audit record has to give. The rows are data
 * (`hostile.json`); what a row does not say is as in a message that is accepted.
 */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Fault } from '../../../src/fault.js'
import type { IdentityProvider } from '../../../src/federation/assertion.js'
import { SamlRefusal } from '../../../src/federation/saml/refusal.js'
import type { Verifier } from '../../../src/federation/saml/verifier.js'
import { openLab, post } from './lab/lab.js'
import type { Lab } from './lab/lab.js'
import { makeMessage } from './lab/message.js'
import type { MessageSpec } from './lab/message.js'
import { mutations } from './lab/mutations.js'

interface Row {
  readonly id: string
  readonly title: string
  readonly message?: MessageSpec
  readonly mutation?: string
  readonly code?: string
  /** The cheap gates must refuse it, before anything is parsed or verified. */
  readonly beforeParsing?: boolean
  readonly reason: string
}

const rows = JSON.parse(await readFile(new URL('hostile.json', import.meta.url), 'utf8')) as readonly Row[]
let lab: Lab
let provider: IdentityProvider
let verifications = 0

beforeAll(async () => {
  lab = await openLab()
  const counting: Verifier = {
    verify: (request) => {
      verifications++
      return lab.verifier.verify(request)
    },
    close: () => lab.verifier.close(),
  }
  provider = await lab.provider({}, counting)
})

afterAll(() => lab.close())

async function attack({ message = {}, mutation }: Pick<Row, 'message' | 'mutation'>): Promise<unknown> {
  const { pending, around } = await lab.begin(provider)
  const genuine = await makeMessage(message, around)
  const mutate = mutations[mutation ?? ''] ?? (({ xml }) => xml)
  const posted = await mutate(genuine, around)
  return post(provider, pending, posted).then(
    (assertion) => ({ accepted: assertion.subject }),
    (cause: unknown) => cause,
  )
}

describe('a hostile message', () => {
  it.each(rows.map((row) => [`${row.id} ${row.title}`, row] as const))('is refused: %s', async (_, row) => {
    const before = verifications

    const outcome = await attack(row)

    expect(outcome).toBeInstanceOf(Fault)
    const { code, reason, cause, message } = outcome as Fault
    expect({ code, reason, detail: cause instanceof SamlRefusal && cause.message }).toMatchObject({
      code: row.code ?? 'InvalidAssertion',
      reason: row.reason,
    })
    expect(message).toMatch(/^the (?:answer of the )?identity provider [a-z ]+$/)
    if (row.beforeParsing) expect(verifications).toBe(before)
  })

  it('leaves nothing behind that keeps a good one out', async () => {
    const { pending, around } = await lab.begin(provider)
    const { xml } = await makeMessage({}, around)

    await expect(post(provider, pending, xml)).resolves.toMatchObject({ subject: 'ada' })
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  it('covers the catalogue, and every row does what it says', () => {
    for (const { mutation } of rows) if (mutation !== undefined) expect(mutations).toHaveProperty(mutation)
    expect(new Set(rows.map(({ id }) => id)).size).toBeGreaterThanOrEqual(45)
  })
})

describe('the answers to messages that cannot be opened or verified (SAML-51)', () => {
  it('are the same, whatever was wrong', async () => {
    const answers = await Promise.all(
      [
        { message: { encryption: {} }, mutation: 'corruptCipher' },
        { message: { encryption: {} }, mutation: 'corruptKey' },
        { mutation: 'noiseInsideCipher' },
        {
          message: {
            encryption: {},
            assertionSignature: { key: 'stranger', keyInfo: 'none' },
          } as MessageSpec,
        },
      ].map(attack),
    )

    const shown = answers.map((answer) => [(answer as Fault).code, (answer as Fault).message])
    expect(new Set(shown.map(String)).size).toBe(1)
  })
})
