/**
 * The audit record in CloudTrail's shape, so that parsers people already have read it.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 * Never a secret, a token, an assertion or a password: callers put identifiers here, nothing else.
 */
export interface AuditEvent {
  readonly eventVersion: '1.11'
  readonly eventID: string
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  readonly eventTime: string
  readonly eventSource:
    | 'sts.amazonaws.com'
    | 'signin.amazonaws.com'
    | 'sso.amazonaws.com'
    | 'iam.amazonaws.com'
    | 'cloudtrail.amazonaws.com'
    /** Rolegate's own interfaces under `/v1/`, spelled as the others for parsers that take the first word. */
    | 'rolegate.amazonaws.com'
  /** e.g. `AssumeRoleWithSAML`, `ConsoleLogin`, `SwitchRole`, `GetRoleCredentials`, `StartLogging` */
  readonly eventName: string
  readonly eventType: 'AwsApiCall' | 'AwsConsoleSignIn' | 'AwsServiceEvent'
  readonly awsRegion: string
  readonly sourceIPAddress: string
  readonly userAgent: string
  /** Equal to the one in the response. */
  readonly requestID: string
  readonly userIdentity: UserIdentity
  readonly requestParameters: Readonly<Record<string, unknown>> | null
  readonly responseElements: Readonly<Record<string, unknown>> | null
  /** The wire's error code on denial or failure. */
  readonly errorCode?: string
  readonly errorMessage?: string
  /** Rolegate's own: the internal reason (`saml:audience`), the decision and the statements that decided it, the provider. */
  readonly additionalEventData?: Readonly<Record<string, unknown>>
  readonly resources?: readonly { readonly ARN: string; readonly accountId: string; readonly type: string }[]
  readonly readOnly: boolean
  readonly managementEvent: boolean
  /** `Data`: what was decided for somebody else's resources, far more often than anything here changes. */
  readonly eventCategory: 'Management' | 'Data'
  readonly recipientAccountId?: string
}

export interface UserIdentity {
  readonly type:
    | 'SAMLUser'
    | 'WebIdentityUser'
    | 'LDAPUser'
    | 'LocalUser'
    | 'AssumedRole'
    | 'IAMUser'
    | 'FederatedUser'
    | 'Root'
    | 'Unknown'
  readonly principalId?: string
  readonly arn?: string
  readonly accountId?: string
  readonly accessKeyId?: string
  readonly userName?: string
  readonly identityProvider?: string
  readonly sessionContext?: Readonly<Record<string, unknown>>
}

/** Where a request came from; made once per request at the edge and passed down. */
export interface RequestOrigin {
  readonly requestId: string
  /** As the server sees it, behind the configured trusted proxies only. */
  readonly sourceIp: string
  /** Cut to 256 characters, control characters removed. */
  readonly userAgent: string
  /** True when the client's connection was TLS (or a trusted proxy says so). */
  readonly secure: boolean
  /** The region that the client signed for; absent where nothing was signed. */
  readonly region?: string
}

export interface AuditLog {
  /** Resolves when the record is durable. @throws {Fault} `AuditUnavailable`: then nothing may be granted. */
  record(event: AuditEvent): Promise<void>
  /**
   * Accepts a record of a call that granted nothing, to be written with the next batch. A process that is killed may
   * lose the notes of its last milliseconds, and a disk that fails those it could no longer refuse; never a grant.
   * @throws {Fault} `AuditUnavailable` when the last write failed, a write is stuck or too much waits: a record that
   * cannot be kept stops the service here too. The record is then written all the same, if it can be, so that the
   * service goes on once records can be kept again.
   */
  note(event: AuditEvent): void
  /** Writes what was accepted. */
  close(): Promise<void>
}
