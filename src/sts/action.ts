/**
 * The port that every STS action implements. `dispatch.ts` does what actions share (form, authentication, record,
 * envelope), so that no action can forget it; an action only reads its parameters and runs.
 */
import type { RequestOrigin, UserIdentity } from '../audit/event.js'
import type { Caller } from '../role/caller.js'
import type { QueryForm } from './query-form.js'
import type { Refusal } from './wire-errors.js'
import type { XmlElement } from './xml.js'

/** An action needs a valid Signature Version 4, or brings its own proof as a parameter; there is no third kind. */
export type StsAction =
  | {
      readonly name: string
      readonly signed: true
      parse(form: QueryForm): Parsed<(caller: Caller, origin: RequestOrigin) => Answer>
    }
  | {
      readonly name: string
      readonly signed: false
      parse(form: QueryForm): Parsed<(origin: RequestOrigin) => Answer>
    }

/** No promise where nothing has to be waited for. */
export type Answer = Promise<StsOutcome> | StsOutcome

/**
 * `recordable` is what of the parameters goes into the audit record: identifiers, never proofs. `resource` is the ARN
 * that a denial names; `*` by default, for an action that has no resource.
 */
export type Parsed<Run> =
  | {
      readonly ok: true
      readonly run: Run
      readonly recordable: Recordable | null
      readonly resource?: string
    }
  | { readonly ok: false; readonly refusal: Refusal }

export type Recordable = Readonly<Record<string, unknown>>

export type StsOutcome =
  /**
   * What goes inside `<{Action}Result>`. `elements` is what the record says was handed out, never a secret or a token;
   * such a record is durable before the answer.
   */
  | {
      readonly ok: true
      readonly result: readonly XmlElement[]
      readonly recorded: boolean
      readonly elements?: Recordable
    }
  /** `recorded`: the broker has written this one down already. `identity`: who it is about, as far as is known. */
  | {
      readonly ok: false
      readonly refusal: Refusal
      readonly recorded: boolean
      readonly identity?: UserIdentity
    }
