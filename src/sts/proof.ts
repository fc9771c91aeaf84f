/** Proofs that come as parameters (assertion, token, password) belong into the body: query strings end in logs. */
import type { QueryForm } from './query-form.js'
import { refusal, type Refusal } from './wire-errors.js'

export function refuseOutsideBody(form: QueryForm, names: readonly string[]): Refusal | undefined {
  const outside = names.find((name) => form.get(name) !== undefined && !form.inBody(name))
  return outside === undefined
    ? undefined
    : refusal(
        'InvalidParameterValue',
        `${outside} must be sent in the body of a POST request.`,
        'sts:proof-in-url',
      )
}
