/**
 * Temporary credentials as text for the next tool: shells, profile files, single values. Each format quotes by its own
 * rules; a value that no rule can carry is refused. The command line has its own formats, for machines.
 */
import type { TemporaryCredentials } from '../role/session.js'

export interface CredentialBlock {
  readonly title: string
  readonly text: string
  readonly secret: boolean
  /** What to know before using it; a sentence or two. */
  readonly note?: string
}

type Variables = readonly (readonly [name: string, value: string])[]

/** Stock tools need some region to sign with; Rolegate's STS accepts any. */
const region = 'us-east-1'

/** @param stsUrl The STS endpoint, so that stock tools ask Rolegate and not AWS. */
export function environmentVariables(credentials: TemporaryCredentials, stsUrl: string): Variables {
  return [
    ['AWS_ACCESS_KEY_ID', credentials.accessKeyId],
    ['AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey],
    ['AWS_SESSION_TOKEN', credentials.sessionToken],
    ['AWS_CREDENTIAL_EXPIRATION', instant(credentials.expiresAt)],
    ['AWS_REGION', region],
    // Version 1 of the AWS CLI and boto3 read only this one.
    ['AWS_DEFAULT_REGION', region],
    ['AWS_ENDPOINT_URL_STS', stsUrl],
  ]
}

export function posixEnvironment(variables: Variables): CredentialBlock {
  const lines = variables.map(
    ([name, value]) => `export ${name}='${printable(value).replaceAll("'", `'\\''`)}'`,
  )
  return { title: 'macOS, Linux: bash, zsh', text: lines.join('\n'), secret: true }
}

/** PowerShell doubles the quote, and takes four typographic ones for the same. */
export function powershellEnvironment(variables: Variables): CredentialBlock {
  const lines = variables.map(
    ([name, value]) => `$Env:${name}='${printable(value).replace(/['\u2018-\u201b]/g, '$&$&')}'`,
  )
  return { title: 'PowerShell', text: lines.join('\n'), secret: true }
}

/** cmd.exe expands `%name%` even inside quotes and knows no escape for it at the prompt. */
export function windowsEnvironment(variables: Variables): CredentialBlock {
  const lines = variables.map(([name, value]) => {
    if (/["%!]/.test(value)) throw new RangeError(`${name} cannot be written for cmd.exe`)
    return `set "${name}=${printable(value)}"`
  })
  return { title: 'Windows: cmd', text: lines.join('\r\n'), secret: true }
}

/** Two blocks, because `services` sections belong into the config file only. */
export function profileBlocks(
  profile: string,
  credentials: TemporaryCredentials,
  stsUrl: string,
): readonly CredentialBlock[] {
  const secret = [
    `[${profile}]`,
    `aws_access_key_id = ${iniValue(credentials.accessKeyId)}`,
    `aws_secret_access_key = ${iniValue(credentials.secretAccessKey)}`,
    `aws_session_token = ${iniValue(credentials.sessionToken)}`,
  ]
  const config = [
    `[profile ${profile}]`,
    `region = ${region}`,
    'services = rolegate',
    '',
    '[services rolegate]',
    'sts =',
    `  endpoint_url = ${iniValue(stsUrl)}`,
  ]
  return [
    { title: '~/.aws/credentials', text: secret.join('\n'), secret: true },
    { title: '~/.aws/config', text: config.join('\n'), secret: false },
  ]
}

/** Shows whose keys they are, also with an AWS CLI that knows no configured endpoints. */
export function callerIdentity(stsUrl: string, profile?: string): CredentialBlock {
  const named = profile === undefined ? '' : ` --profile ${profile}`
  if (/["$%!`\\]/.test(stsUrl)) throw new RangeError('this address cannot be written for every shell')
  const url = /^[\w:/.-]+$/.test(stsUrl) ? stsUrl : `"${stsUrl}"`
  return {
    title: 'Try it: AWS CLI',
    text: printable(`aws sts get-caller-identity${named} --endpoint-url ${url}`),
    secret: false,
    note: 'The AWS CLI before 2.13 (version 1: before 1.29) ignores the STS endpoint above and would ask AWS itself: name the endpoint on every sts command, as here.',
  }
}

export function singleValues(credentials: TemporaryCredentials): readonly CredentialBlock[] {
  return [
    { title: 'Access key id', text: printable(credentials.accessKeyId), secret: false },
    { title: 'Secret access key', text: printable(credentials.secretAccessKey), secret: true },
    { title: 'Session token', text: printable(credentials.sessionToken), secret: true },
    { title: 'Expiration', text: instant(credentials.expiresAt), secret: false },
  ]
}

/** A section name that every SDK's parser reads back the same. */
export function profileName(
  account: { readonly id: string; readonly alias?: string },
  roleName: string,
): string {
  return `${account.alias ?? account.id}-${roleName}`.replace(/[^A-Za-z0-9_.-]+/g, '-')
}

function iniValue(value: string): string {
  if (value !== value.trim()) throw new RangeError('a profile value must not start or end with a blank')
  return printable(value)
}

function printable(value: string): string {
  if (/\p{C}/u.test(value)) throw new RangeError('a control character cannot be written for a tool')
  return value
}

function instant(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`
}
