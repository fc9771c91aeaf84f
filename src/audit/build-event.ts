/**
 * Makes audit records in CloudTrail's shape, so that every face writes the same thing the same way.
 *
 * Owns the fields that follow from others and how an identity is written. Leaves to its callers what was asked and
 * what came of it; they pass identifiers, never a secret.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
import type { Assertion } from '../federation/assertion.js'
import { accessKeyIdOf, identityOfCaller, type Caller } from '../role/caller.js'
import { isoSeconds } from '../role/instant.js'
import { sessionArn, type RoleSession } from '../role/role-session.js'
import type { Session } from '../role/session.js'
import type { AuditEvent, RequestOrigin, UserIdentity } from './event.js'

/** What a caller knows; the rest follows. */
export interface AuditFacts {
  readonly origin: RequestOrigin
  readonly now: Date
  /** A fresh UUID. */
  readonly eventID: string
  readonly eventSource: AuditEvent['eventSource']
  readonly eventName: string
  readonly userIdentity: UserIdentity
  /** By default what CloudTrail has for the source. */
  readonly eventType?: AuditEvent['eventType']
  /** By default the region that was signed for, or `us-east-1`, as CloudTrail writes for global services. */
  readonly awsRegion?: string
  readonly requestParameters?: AuditEvent['requestParameters']
  readonly responseElements?: AuditEvent['responseElements']
  readonly errorCode?: string
  readonly errorMessage?: string
  readonly additionalEventData?: Readonly<Record<string, unknown>>
  readonly resources?: NonNullable<AuditEvent['resources']>
  /** By default true for STS and for what is called `Get…` or `List…`; console events change something. */
  readonly readOnly?: boolean
  readonly recipientAccountId?: string
  /** By default `Management`. */
  readonly eventCategory?: AuditEvent['eventCategory']
}

const eventTypes = {
  'sts.amazonaws.com': 'AwsApiCall',
  'signin.amazonaws.com': 'AwsConsoleSignIn',
  'sso.amazonaws.com': 'AwsServiceEvent',
  'iam.amazonaws.com': 'AwsApiCall',
  'cloudtrail.amazonaws.com': 'AwsServiceEvent',
  'rolegate.amazonaws.com': 'AwsApiCall',
} as const satisfies Record<AuditEvent['eventSource'], AuditEvent['eventType']>

/** Field by field: every request makes one or two, and copying whole objects costs more than signing. */
export function auditEvent(facts: AuditFacts): AuditEvent {
  const { origin, eventSource, eventName } = facts
  const event: { -readonly [Field in keyof AuditEvent]: AuditEvent[Field] } = {
    eventVersion: '1.11',
    eventID: facts.eventID,
    eventTime: isoSeconds(facts.now),
    eventSource,
    eventName,
    eventType: facts.eventType ?? eventTypes[eventSource],
    awsRegion: facts.awsRegion ?? origin.region ?? 'us-east-1',
    sourceIPAddress: origin.sourceIp,
    userAgent: origin.userAgent,
    requestID: origin.requestId,
    userIdentity: facts.userIdentity,
    requestParameters: facts.requestParameters ?? null,
    responseElements: facts.responseElements ?? null,
    readOnly: facts.readOnly ?? onlyReads(eventSource, eventName),
    managementEvent: facts.eventCategory !== 'Data',
    eventCategory: facts.eventCategory ?? 'Management',
  }
  if (facts.errorCode !== undefined) event.errorCode = facts.errorCode
  if (facts.errorMessage !== undefined) event.errorMessage = facts.errorMessage
  if (facts.additionalEventData !== undefined) event.additionalEventData = facts.additionalEventData
  if (facts.resources !== undefined) event.resources = facts.resources
  if (facts.recipientAccountId !== undefined) event.recipientAccountId = facts.recipientAccountId
  return event
}

function onlyReads(eventSource: AuditEvent['eventSource'], eventName: string): boolean {
  return (
    eventSource === 'sts.amazonaws.com' ||
    (eventSource === 'sso.amazonaws.com' && /^(Get|List)/.test(eventName))
  )
}

/** The record itself begins, or goes on after it could not be written; nobody asked for it but the server. */
export function startLoggingEvent(now: Date, eventID: string): AuditEvent {
  return auditEvent({
    origin: { requestId: eventID, sourceIp: 'rolegate', userAgent: 'rolegate', secure: true },
    now,
    eventID,
    eventSource: 'cloudtrail.amazonaws.com',
    eventName: 'StartLogging',
    userIdentity: { type: 'Unknown' },
  })
}

/** Who an identity provider vouched for, before any role. */
export function identityOf(assertion: Assertion): UserIdentity {
  const { issuer, subject, audience, username } = assertion
  switch (assertion.kind) {
    case 'saml': {
      const qualifier = assertion.conditionKeys.get('saml:namequalifier')
      const identityProvider = typeof qualifier === 'string' ? qualifier : issuer
      return {
        type: 'SAMLUser',
        principalId: `${identityProvider}:${subject}`,
        userName: subject,
        identityProvider,
      }
    }
    case 'oidc':
      return {
        type: 'WebIdentityUser',
        principalId: `${issuer}:${audience}:${subject}`,
        userName: subject,
        identityProvider: issuer,
      }
    case 'ldap':
    case 'local':
      return {
        type: assertion.kind === 'ldap' ? 'LDAPUser' : 'LocalUser',
        principalId: `${issuer}:${subject}`,
        userName: username,
        identityProvider: issuer,
      }
    default:
      return assertion.kind satisfies never
  }
}

/** Who signed a request: a user, or whoever holds temporary credentials. */
export function identityOfSigner(caller: Caller): UserIdentity {
  if (caller.type === 'user') return { type: 'IAMUser', ...sharedFields(caller), userName: caller.user.name }
  const { session } = caller
  let identity = ofSessions.get(session)
  if (identity === undefined) ofSessions.set(session, (identity = identityOfSession(session)))
  return identity
}

/** A session that signs many requests is one object for all of them. */
const ofSessions = new WeakMap<Session, UserIdentity>()

function sharedFields(caller: Caller) {
  const { arn, userId, account } = identityOfCaller(caller)
  return { principalId: userId, arn, accountId: account, accessKeyId: accessKeyIdOf(caller) }
}

function identityOfSession(session: Session): UserIdentity {
  if (session.type === 'role') return identityOfRoleSession(session)
  const shared = sharedFields({ type: 'session', session })
  const multiFactor = session.type === 'user' && session.multiFactorAt !== undefined
  const attributes = { creationDate: isoSeconds(session.issuedAt), mfaAuthenticated: String(multiFactor) }
  switch (session.type) {
    case 'user':
      return { type: 'IAMUser', ...shared, userName: nameIn(session.userArn), sessionContext: { attributes } }
    case 'federated-user':
      return {
        type: 'FederatedUser',
        ...shared,
        sessionContext: { sessionIssuer: userIssuerOf(session), attributes },
      }
    case 'root':
      return {
        type: 'Root',
        ...shared,
        sessionContext: {
          attributes,
          assumedRoot: 'true',
          ...(session.sourceIdentity === undefined ? {} : { sourceIdentity: session.sourceIdentity }),
        },
      }
  }
}

function userIssuerOf({ userArn, userId, account }: Extract<Session, { type: 'federated-user' }>) {
  return { type: 'IAMUser', principalId: userId, arn: userArn, accountId: account, userName: nameIn(userArn) }
}

function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1)
}

/** An assumed role in use; its access key id ties this record to the one of its issue. */
function identityOfRoleSession(session: RoleSession): UserIdentity {
  return {
    type: 'AssumedRole',
    principalId: `${session.roleId}:${session.sessionName}`,
    arn: sessionArn(session),
    accountId: session.account,
    accessKeyId: session.accessKeyId,
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: session.roleId,
        arn: session.roleArn,
        accountId: session.account,
        userName: nameIn(session.roleArn),
      },
      webIdFederationData: webIdentity(session),
      attributes: {
        creationDate: isoSeconds(session.issuedAt),
        mfaAuthenticated: String(session.origin.multiFactor),
      },
      ...(session.sourceIdentity === undefined ? {} : { sourceIdentity: session.sourceIdentity }),
    },
  }
}

/** Empty, as in CloudTrail, when the session does not go back to an OpenID Connect provider. */
function webIdentity({ origin }: RoleSession): Readonly<Record<string, unknown>> {
  if (origin.provider?.includes(':oidc-provider/') !== true) return {}
  const attributes = [...origin.persistentKeys].filter(([key]) => /:(aud|sub)$/.test(key))
  return { federatedProvider: origin.provider, attributes: Object.fromEntries(attributes) }
}
