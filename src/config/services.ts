/**
 * `services` of `rolegate.yaml` → `ProtectedService`s: accounts found, hosts in one spelling and in one service each,
 * and templates that can only make an action and an ARN. How requests are judged belongs to `authz/`.
 */
import type { ProtectedService } from '../authz/protected-service.js'
import { parseArn } from '../policy/arn.js'
import { given } from './given.js'
import { suggestion } from './nearest-name.js'
import { declaredAccount, type AccountNames } from './organization.js'
import { within, type Place } from './place.js'
import { readPolicy } from './policy-source.js'
import type { Reading } from './reading.js'
import type { ServiceEntry } from './schema/services.js'
import { requestHost } from './web-address.js'

/** Rolegate's own: nobody may take what is signed for one for what is meant for the other. */
const own = new Set(['sts', 'rolegate'])

/** @param place of the list. */
export async function readServices(
  entries: readonly ServiceEntry[],
  place: Place,
  accounts: AccountNames,
  reading: Reading,
): Promise<readonly ProtectedService[]> {
  const { findings } = reading
  const names = new Set<string>()
  const hosts = new Map<string, string>()
  const services: ProtectedService[] = []
  for (const [i, entry] of entries.entries()) {
    const at = within(place, i)
    if (names.has(entry.name) && !findings.spoiled(within(at, 'name'))) {
      findings.problem(within(at, 'name'), `the service \`${entry.name}\` is given twice`)
    }
    names.add(entry.name)
    const account = declaredAccount(entry.account, within(at, 'account'), accounts, findings)
    for (const member of ['name', 'signingName'] as const) {
      if (!own.has(entry[member] ?? '')) continue
      findings.problem(within(at, member), `\`${entry[member]}\` is Rolegate itself: choose another`)
    }
    const policy = await readPolicy(
      {
        inline: entry.policy,
        file: entry.policyFile,
        place: within(at, 'policy'),
        filePlace: within(at, 'policyFile'),
        kind: 'resource',
        name: `resource policy of service ${entry.name}`,
      },
      reading,
    )
    const reached = hostsOf(entry, within(at, 'hosts'), hosts, reading)
    if (entry.action !== undefined) checkAction(entry.action, within(at, 'action'), reading)
    if (entry.resource !== undefined) checkResource(entry.resource, account, within(at, 'resource'), reading)
    if (account === undefined) continue
    services.push({
      name: entry.name,
      account,
      hosts: reached,
      signingName: entry.signingName ?? entry.name,
      action: entry.action ?? `${entry.name}:{method}`,
      resource: entry.resource ?? `arn:aws:${entry.name}::${account}:{path}`,
      allowUnsignedPayload: entry.allowUnsignedPayload,
      ...given({ policy: policy?.document }),
    })
  }
  return services
}

/** @param taken host → service, and is added to. */
function hostsOf(
  { name, hosts }: ServiceEntry,
  place: Place,
  taken: Map<string, string>,
  reading: Reading,
): readonly string[] {
  return hosts.flatMap((written, i) => {
    const at = within(place, i)
    const address = reading.findings.spoiled(at) ? undefined : reading.address(written, at)
    if (address === undefined) return []
    const host = requestHost(address)
    if (host === undefined) {
      reading.findings.problem(at, 'must be a host name, with `:port` when it is not the scheme’s own')
      return []
    }
    const owner = taken.get(host)
    if (owner !== undefined)
      reading.findings.problem(at, `\`${host}\` already leads to the service \`${owner}\``)
    else taken.set(host, name)
    return [host]
  })
}

function checkAction(action: string, place: Place, { findings }: Reading): void {
  const unknown = strangePlaceholder(action, ['method'])
  const [, prefix = ''] = /^([a-z0-9-]+):[A-Za-z0-9{}]+$/.exec(action) ?? []
  if (unknown !== undefined) findings.problem(place, unknown)
  else if (prefix === '') {
    findings.problem(
      place,
      'must be an action such as `reports:{method}`: lower-case prefix, colon, letters and digits',
    )
  } else if (own.has(prefix)) {
    findings.problem(place, `actions of \`${prefix}\` are Rolegate’s own: choose another prefix`)
  }
}

function checkResource(
  resource: string,
  account: string | undefined,
  place: Place,
  { findings }: Reading,
): void {
  const unknown = strangePlaceholder(resource, ['path', 'method', 'host'])
  const arn = parseArn(resource)
  if (unknown !== undefined) findings.problem(place, unknown)
  else if (
    arn === undefined ||
    arn.partition !== 'aws' ||
    !/^[a-z0-9-]+$/.test(arn.service) ||
    arn.resource === ''
  ) {
    findings.problem(place, 'must be an ARN, e.g. `arn:aws:reports::012345678901:{path}`')
  } else if (/[{}]/.test(`${arn.region}${arn.account}`)) {
    findings.problem(place, 'may have placeholders in its last part only')
  } else if (/[*?]/.test(resource)) {
    findings.problem(place, 'names what one request is for: it cannot have `*` or `?`')
  } else if (arn.account !== '' && account !== undefined && arn.account !== account) {
    findings.problem(place, `names account \`${arn.account}\`; the service belongs to \`${account}\``)
  }
}

/** What is wrong with the braces of a template. */
function strangePlaceholder(template: string, known: readonly string[]): string | undefined {
  for (const [, name = ''] of template.matchAll(/\{([^{}]*)\}/g)) {
    if (!known.includes(name)) return `\`{${name}}\` is no placeholder here; ${suggestion(name, known)}`
  }
  return /[{}]/.test(template.replaceAll(/\{[^{}]*\}/g, ''))
    ? 'has a brace without its other half'
    : undefined
}
