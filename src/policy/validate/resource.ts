/**
 * Checks on the ARNs of Resource and NotResource, part by part. Which partitions there are is known; which regions and
 * which formats a service has is known only for IAM, STS and storage buckets, the rest would need AWS's catalogue.
 */
import { isAccountId, splitArn } from '../arn.js'
import { quoted } from '../reader.js'
import { type Check, type Hit, hit, hitPart, perStatement } from './check.js'
import type { Leaf } from './policy-view.js'

const partitions: ReadonlySet<string> = new Set(
  'aws aws-cn aws-us-gov aws-iso aws-iso-b aws-iso-e aws-iso-f aws-eusc'.split(' '),
)
const resourceTypes: Readonly<Record<string, RegExp>> = {
  iam: /^(?:root$|(?:user|group|role|policy|instance-profile|mfa|u2f|sms-mfa|server-certificate|saml-provider|oidc-provider|ldap-provider|local-provider|access-report)\/)/,
  sts: /^(?:assumed-role\/[^/]+\/|federated-user\/|self$)/,
}

/** `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`: the form, not whether there is one. */
export function isRegion(text: string): boolean {
  return /^[a-z]{2,4}(?:-[a-z]+){1,2}-[0-9]{1,2}$/.test(text)
}

interface Parts {
  readonly partition: string
  readonly service: string
  readonly region: string
  readonly account: string
  readonly resource: string
  readonly leaf: Leaf
  /** Where the part with this index starts. */
  at(index: number): number
}

type Index = 1 | 2 | 3 | 4 | 5

export const resourceChecks: readonly Check[] = [
  part('INVALID_PARTITION', 1, ({ partition }) =>
    isOpen(partition) || partitions.has(partition)
      ? undefined
      : `There is no partition ${quoted(partition)}.`,
  ),
  part('INVALID_ARN_SERVICE_CASE', 2, ({ service }) =>
    service === service.toLowerCase() ? undefined : 'The service part of an ARN is in lower case.',
  ),
  part('INVALID_ARN_REGION', 3, ({ region }) =>
    region === '' || isOpen(region) || isRegion(region)
      ? undefined
      : `${quoted(region)} has not the form of a region.`,
  ),
  part('ARN_REGION_NOT_ALLOWED', 3, ({ service, region, account }) =>
    region !== '' && region !== '*' && (isGlobal(service) || (service === 's3' && account === ''))
      ? `ARNs of \`${service}\` carry no region here.`
      : undefined,
  ),
  part('INVALID_ARN_ACCOUNT', 4, ({ account }) =>
    account === '' || account === 'aws' || isOpen(account) || isAccountId(account)
      ? undefined
      : 'An account in an ARN has 12 digits.',
  ),
  part('ARN_ACCOUNT_NOT_ALLOWED', 4, ({ service, region, account, resource }) =>
    service === 's3' &&
    region === '' &&
    account !== '' &&
    account !== '*' &&
    !resource.startsWith('accesspoint')
      ? 'ARNs of buckets and objects carry no account.'
      : undefined,
  ),
  part('MISSING_ARN_ACCOUNT', 4, ({ service, account }) =>
    isGlobal(service) && account === '' ? `ARNs of \`${service}\` carry an account.` : undefined,
  ),
  part('INVALID_ARN_RESOURCE', 5, ({ service, resource }) => {
    const form = Object.hasOwn(resourceTypes, service) ? resourceTypes[service] : undefined
    // A wildcard in the type may stand for any of them.
    if (form === undefined || isOpen(resource.split('/', 1)[0]!)) return undefined
    return form.test(resource) ? undefined : `\`${service}\` has no resource of the form ${quoted(resource)}.`
  }),
]

function part(code: string, index: Index, judge: (parts: Parts) => string | undefined): Check {
  return {
    code,
    type: 'ERROR',
    find: perStatement(function* ({ resources }): Iterable<Hit> {
      for (const leaf of resources?.entries ?? []) {
        const parts = partsOf(leaf)
        if (parts === undefined) continue
        const details = judge(parts)
        if (details === undefined) continue
        const start = parts.at(index)
        const end = index === 5 ? leaf.text.length : parts.at(index + 1) - 1
        yield end > start ? hitPart(details, leaf.cursor, start, end - start) : hit(details, leaf.cursor)
      }
    }),
  }
}

function partsOf(leaf: Leaf): Parts | undefined {
  const split = splitArn(leaf.text)
  if (split === undefined || split[0] !== 'arn') return undefined
  const [, partition, service, region, account, resource] = split
  return {
    partition,
    service,
    region,
    account,
    resource,
    leaf,
    at: (index) => split.slice(0, index).reduce((sum, one) => sum + one.length + 1, 0),
  }
}

function isGlobal(service: string): boolean {
  return service === 'iam' || service === 'sts'
}

/** Holds a wildcard or a variable, so nothing can be said. */
function isOpen(text: string): boolean {
  return /[*?]|\$\{/.test(text)
}
