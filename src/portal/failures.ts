/** Failures as people and programs see them: status, a title, a sentence; never a stack or a reason. */
import { Fault, type FaultCode } from '../fault.js'

export interface Failure {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly text: string
}

const faults = {
  AccessDenied: { status: 403, title: 'Not allowed' },
  AuditUnavailable: { status: 503, title: 'Not available right now' },
  ExpiredAssertion: { status: 403, title: 'Sign-in took too long' },
  ExpiredCredentials: { status: 401, title: 'Your session has ended' },
  InvalidAssertion: { status: 403, title: 'Sign-in was not accepted' },
  InvalidCredentials: { status: 403, title: 'Not allowed' },
  InvalidParameterValue: { status: 400, title: 'That request makes no sense' },
  InvalidRequest: { status: 400, title: 'That request makes no sense' },
  MalformedPolicyDocument: { status: 400, title: 'That policy cannot be read' },
  NotFound: { status: 404, title: 'Nothing here' },
  PackedPolicyTooLarge: { status: 400, title: 'Too much for one session' },
  PayloadTooLarge: { status: 413, title: 'Too large' },
  ProviderRejected: { status: 403, title: 'Sign-in was refused' },
  ProviderUnavailable: { status: 503, title: 'Sign-in source unavailable' },
  SignatureMismatch: { status: 403, title: 'Not allowed' },
  StoreUnavailable: { status: 503, title: 'Not available right now' },
  Throttled: { status: 429, title: 'Too many attempts' },
} as const satisfies Record<FaultCode, { readonly status: number; readonly title: string }>

/**
 * What a provider refuses because it cannot be read. Every other reason is a reader's "no" (signature, audience, replay,
 * a sign-in that is not ours) and keeps its own code.
 */
const unreadable: ReadonlySet<string> = new Set([
  'saml:binding',
  'saml:duplicate-id',
  'saml:encoding',
  'saml:markup',
  'saml:not-wellformed',
  'saml:parameter',
  'saml:size',
  'saml:structure',
  'saml:version',
  'oidc:parameter',
  'jwt:format',
  'jwt:size',
])

/** Any thrown value → what to show. An unknown one becomes an internal failure whose message stays inside. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof Fault) {
    const code = unreadable.has(thrown.reason ?? '') ? 'InvalidRequest' : thrown.code
    return { ...faults[code], code, text: sentence(thrown.message) }
  }
  const status = statusOf(thrown)
  if (status === 413) {
    return {
      status,
      code: 'PayloadTooLarge',
      title: 'Too large',
      text: 'The request is larger than this page accepts.',
    }
  }
  if (status !== undefined) {
    return {
      status: 400,
      code: 'InvalidRequest',
      title: 'That request makes no sense',
      text: 'It could not be read.',
    }
  }
  return {
    status: 500,
    code: 'InternalFailure',
    title: 'Something went wrong',
    text: 'The failure is ours. It was logged; trying again may help.',
  }
}

export const notFound: Failure = {
  status: 404,
  code: 'NotFound',
  title: 'Nothing here',
  text: 'This address leads nowhere. The link may be old, or mistyped.',
}

export const methodNotAllowed: Failure = {
  status: 405,
  code: 'MethodNotAllowed',
  title: 'Not like this',
  text: 'This page does not answer that kind of request.',
}

/** Fault messages start small and have no full stop; on a page they are sentences. */
function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`
}

/** Express and its parsers throw errors that carry a 4xx `status`. */
function statusOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('status' in thrown)) return undefined
  const { status } = thrown
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined
}
