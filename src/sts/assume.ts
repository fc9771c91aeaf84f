/** From an AssumeRequest to what an action answers: the broker's outcome, its faults, and the shared output members. */
import { Fault } from '../fault.js'
import type { AssumeOutcome, AssumeRequest, RoleBroker } from '../role/broker.js'
import { sessionArn } from '../role/role-session.js'
import { maxSessionTokenLength, type TemporaryCredentials } from '../role/session.js'
import type { StsOutcome } from './action.js'
import { refusal, refusalOf } from './wire-errors.js'
import type { XmlElement } from './xml.js'

export interface Issued {
  readonly credentials: TemporaryCredentials
}

interface Closing extends Issued {
  readonly session?: { readonly sourceIdentity?: string }
  readonly packedPolicyPercent?: number
}

export type Granted = Extract<AssumeOutcome, { granted: true }>

/**
 * @param deniedMessage the same for every cause of a denial, so that a role that does not exist looks like one that
 * does not trust the caller.
 * @param render the result's elements, in the order in which AWS writes them.
 */
export async function assume(
  broker: RoleBroker,
  request: AssumeRequest,
  deniedMessage: (deniedAction: string) => string,
  render: (granted: Granted) => readonly XmlElement[],
): Promise<StsOutcome> {
  try {
    const outcome = await broker.assume(request)
    return outcome.granted
      ? { ok: true, result: render(outcome), recorded: true }
      : {
          ok: false,
          refusal: refusal('AccessDenied', deniedMessage(outcome.deniedAction), 'sts:trust'),
          recorded: true,
        }
  } catch (cause) {
    return recordedFault(cause)
  }
}

export async function recordedByBroker(run: () => Promise<StsOutcome>): Promise<StsOutcome> {
  try {
    return await run()
  } catch (cause) {
    return recordedFault(cause)
  }
}

/** A broker has recorded its own faults, except the one that says that it cannot record. */
function recordedFault(cause: unknown): StsOutcome {
  if (cause instanceof Fault && cause.code !== 'AuditUnavailable')
    return { ok: false, refusal: refusalOf(cause), recorded: true }
  throw cause
}

export function assumedRoleUser({ session }: Granted): XmlElement {
  return [
    'AssumedRoleUser',
    [
      ['AssumedRoleId', `${session.roleId}:${session.sessionName}`],
      ['Arn', sessionArn(session)],
    ],
  ]
}

export function credentials({ credentials }: Issued): XmlElement {
  return [
    'Credentials',
    [
      ['AccessKeyId', credentials.accessKeyId],
      ['SecretAccessKey', credentials.secretAccessKey],
      ['SessionToken', credentials.sessionToken],
      ['Expiration', `${credentials.expiresAt.toISOString().slice(0, 19)}Z`],
    ],
  ]
}

/**
 * SourceIdentity and PackedPolicySize, each only when there is one (an empty PackedPolicySize crashes boto), and how
 * much of the room for session tokens this one takes.
 */
export function closing({ session, packedPolicyPercent, credentials }: Closing): readonly XmlElement[] {
  const elements: XmlElement[] = []
  if (session?.sourceIdentity !== undefined) elements.push(['SourceIdentity', session.sourceIdentity])
  if (packedPolicyPercent !== undefined) elements.push(['PackedPolicySize', String(packedPolicyPercent)])
  const { length } = credentials.sessionToken
  elements.push(['SessionTokenUtilization', String(Math.ceil((100 * length) / maxSessionTokenLength))])
  elements.push(['SessionTokenSize', String(length)])
  return elements
}
