/**
 * An ARN and its six parts, and the few ARN spellings that several rooms have to build or take apart.
 * Says nothing about patterns: matching lives in arn-pattern.ts.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export interface Arn {
  readonly partition: string
  readonly service: string
  readonly region: string
  readonly account: string
  /** Everything after the fifth colon; may itself hold `:` and `/`. */
  readonly resource: string
}

/** The six parts, or undefined when the text has fewer or does not start with `arn`. Checks no part's spelling. */
export function parseArn(text: string): Arn | undefined {
  const parts = splitArn(text)
  if (parts === undefined || parts[0] !== 'arn') return undefined
  const [, partition, service, region, account, resource] = parts
  return { partition, service, region, account, resource }
}

export type ArnParts = readonly [string, string, string, string, string, string]

/** The text cut at its first five colons, or undefined when there are fewer. */
export function splitArn(text: string): ArnParts | undefined {
  const cuts: number[] = []
  for (let at = text.indexOf(':'); at >= 0 && cuts.length < 5; at = text.indexOf(':', at + 1)) cuts.push(at)
  const [a, b, c, d, e] = cuts
  if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined)
    return undefined
  return [
    text.slice(0, a),
    text.slice(a + 1, b),
    text.slice(b + 1, c),
    text.slice(c + 1, d),
    text.slice(d + 1, e),
    text.slice(e + 1),
  ]
}

/** The account part, or undefined when the text is no ARN or names no account of 12 digits. */
export function accountOf(arn: string): string | undefined {
  const account = parseArn(arn)?.account
  return account !== undefined && isAccountId(account) ? account : undefined
}

/** 12 decimal digits; leading zeros count. */
export function isAccountId(text: string): boolean {
  return /^[0-9]{12}$/.test(text)
}

/** `arn:aws:iam::<account>:role<path><name>`; the path starts and ends with `/`. */
export function roleArn(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:role${path}${name}`
}

/** `arn:aws:sts::<account>:assumed-role/<role name>/<session name>`; a session's ARN carries no path. */
export function assumedRoleArn(account: string, roleName: string, sessionName: string): string {
  return `arn:aws:sts::${account}:assumed-role/${roleName}/${sessionName}`
}

/** `arn:aws:iam::<account>:<resource>` for a provider, e.g. with resource `saml-provider/corp`. */
export function providerArn(account: string, arnResource: string): string {
  return `arn:aws:iam::${account}:${arnResource}`
}

/** Account, path and name of a role's ARN, or undefined when it is none. */
export function parseRoleArn(
  arn: string,
): { readonly account: string; readonly path: string; readonly name: string } | undefined {
  const parts = parseArn(arn)
  if (parts?.service !== 'iam' || parts.region !== '' || !isAccountId(parts.account)) return undefined
  if (!parts.resource.startsWith('role/')) return undefined
  const nameAt = parts.resource.lastIndexOf('/') + 1
  const name = parts.resource.slice(nameAt)
  if (name === '') return undefined
  return { account: parts.account, path: parts.resource.slice('role'.length, nameAt), name }
}

/** Account, role name and session name of a role session's ARN, or undefined when it is none. */
export function parseAssumedRoleArn(
  arn: string,
): { readonly account: string; readonly roleName: string; readonly sessionName: string } | undefined {
  const parts = parseArn(arn)
  if (parts?.service !== 'sts' || parts.region !== '' || !isAccountId(parts.account)) return undefined
  const [type, roleName, sessionName, rest] = parts.resource.split('/', 4)
  if (type !== 'assumed-role' || !roleName || !sessionName || rest !== undefined) return undefined
  return { account: parts.account, roleName, sessionName }
}
