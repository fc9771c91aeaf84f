/** Credentials as the shells and programs that people use want them; names as in `aws configure export-credentials`. */
export interface ExportedCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** ISO 8601 with seconds, `Z`. */
  readonly expiration: string
  readonly accountId: string
}

/** What else a shell needs for these credentials to be used at the right place. */
export interface ExportSurroundings {
  /** The STS endpoint that accepts them. */
  readonly endpoint: string
  /** Absent when the person has chosen a region already; SDKs refuse to work without one. */
  readonly region?: string
}

/** SDKs read the first. Version 1 of the AWS CLI and boto3 read only the second. */
export const regionVariables = ['AWS_REGION', 'AWS_DEFAULT_REGION'] as const

type Format = (credentials: ExportedCredentials, surroundings: ExportSurroundings) => string

const variables = (
  credentials: ExportedCredentials,
  { endpoint, region }: ExportSurroundings,
): readonly (readonly [string, string])[] => [
  ['AWS_ACCESS_KEY_ID', credentials.accessKeyId],
  ['AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey],
  ['AWS_SESSION_TOKEN', credentials.sessionToken],
  ['AWS_CREDENTIAL_EXPIRATION', credentials.expiration],
  ['AWS_ENDPOINT_URL_STS', endpoint],
  ...(region === undefined ? [] : regionVariables.map((name) => [name, region] as const)),
]

/** Keys, tokens and our own address hold nothing that a shell would take apart. */
const lines =
  (line: (name: string, value: string) => string): Format =>
  (credentials, surroundings) =>
    `${variables(credentials, surroundings)
      .map(([name, value]) => line(name, value))
      .join('\n')}\n`

const process: Format = (credentials) =>
  `${JSON.stringify({
    Version: 1,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: credentials.expiration,
    AccountId: credentials.accountId,
  })}\n`

export const exportFormats: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['env', lines((name, value) => `export ${name}=${value}`)],
  ['env-no-export', lines((name, value) => `${name}=${value}`)],
  ['powershell', lines((name, value) => `$Env:${name}="${value}"`)],
  ['windows-cmd', lines((name, value) => `set ${name}=${value}`)],
  ['fish', lines((name, value) => `set -gx ${name} "${value}"`)],
  ['process', process],
  ['json', (credentials) => `${JSON.stringify(credentials, null, 2)}\n`],
])
