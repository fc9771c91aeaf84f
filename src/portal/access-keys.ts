/** Access keys of a role, for people who copy them into a shell: chosen lifetime, asked for by POST, shown once. */
import { Fault } from '../fault.js'
import { roleSessionName } from '../role/session-name.js'
import type { Account, Role } from '../role/role.js'
import { sessionArn, type TemporaryCredentials } from '../role/role-session.js'
import { page, type Answer } from './answer.js'
import {
  environmentVariables,
  posixEnvironment,
  powershellEnvironment,
  profileBlocks,
  profileName,
  singleValues,
  windowsEnvironment,
} from './credential-blocks.js'
import type { FrameMaker } from './frames.js'
import { KeysPage, LifetimePage, type KeySection } from './pages/access-keys-page.js'
import type { PortalDeps } from './portal-deps.js'
import { field, type SignedInVisit } from './visit.js'

const shortest = 900
const usual = 3600
const presets = [900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 129_600]

export function createAccessKeyPages(
  deps: Pick<PortalDeps, 'broker' | 'directory' | 'settings' | 'now'>,
  frameFor: FrameMaker,
): {
  readonly ask: (visit: SignedInVisit) => Promise<Answer>
  readonly issue: (visit: SignedInVisit) => Promise<Answer>
} {
  /** Unknown, refused and never offered look the same. */
  function offered(visit: SignedInVisit): { readonly account: Account; readonly role: Role } {
    const { account = '', role: name = '' } = visit.params
    const role = deps.broker
      .rolesFor(visit.session.assertion, visit.origin)
      .find((one) => one.account === account && one.name === name)
    const owner = role === undefined ? undefined : deps.directory().account(role.account)
    if (role === undefined || owner === undefined) throw notOffered()
    return { account: owner, role }
  }

  function longest(visit: SignedInVisit, role: Role): number {
    const { sessionEndsAt, maxSessionSeconds } = visit.session.assertion
    const untilProviderEnds =
      sessionEndsAt === undefined
        ? Infinity
        : Math.floor((sessionEndsAt.getTime() - deps.now().getTime()) / 1000)
    const most = [
      role.maxSessionSeconds,
      deps.settings().sts.maxSessionSeconds,
      maxSessionSeconds ?? Infinity,
    ]
    return Math.max(shortest, Math.min(...most, untilProviderEnds))
  }

  function lifetimes(most: number): readonly number[] {
    return [...new Set([...presets.filter((seconds) => seconds < most), most])]
  }

  return {
    async ask(visit) {
      const { account, role } = offered(visit)
      const most = longest(visit, role)
      const view = {
        account,
        role,
        csrfToken: visit.session.csrfToken,
        lifetimes: lifetimes(most),
        suggested: Math.min(usual, most),
      }
      return page(LifetimePage, { frame: await frameFor(visit), view })
    },

    async issue(visit) {
      const { account = '', role: name = '' } = visit.params
      const known = deps.directory().roleNamed(account, name)
      const outcome = await deps.broker.assume({
        caller: { type: 'assertion', assertion: visit.session.assertion },
        // A role nobody knows is asked for as well, so that the attempt is in the record.
        roleArn: known?.arn ?? `arn:aws:iam::${account}:role/${name}`,
        sessionName: roleSessionName(visit.session.assertion),
        durationSeconds: lifetime(field(visit.form, 'duration')),
        eventName: 'GetRoleCredentials',
        eventSource: 'sso.amazonaws.com',
        origin: visit.origin,
      })
      const owner = outcome.granted ? deps.directory().account(outcome.role.account) : undefined
      if (!outcome.granted || owner === undefined) throw notOffered()
      const { credentials, session, role } = outcome
      const view = {
        account: owner,
        role,
        csrfToken: visit.session.csrfToken,
        expiresAt: credentials.expiresAt,
        sessionArn: sessionArn(session),
        sections: sections(credentials, profileName(owner, role.name), `${deps.settings().publicUrl}/sts`),
      }
      return page(KeysPage, { frame: await frameFor(visit), view })
    },
  }
}

function notOffered(): Fault {
  return new Fault('AccessDenied', 'this role does not exist, or you may not assume it', {
    reason: 'web:role',
  })
}

function lifetime(given: string): number {
  if (!/^\d{3,6}$/.test(given)) throw new Fault('InvalidRequest', 'choose how long the keys are good for')
  return Number(given)
}

function sections(credentials: TemporaryCredentials, profile: string, stsUrl: string): readonly KeySection[] {
  const variables = environmentVariables(credentials, stsUrl)
  return [
    {
      id: 'environment',
      title: 'Environment variables',
      blocks: [posixEnvironment(variables), powershellEnvironment(variables), windowsEnvironment(variables)],
    },
    { id: 'profile', title: 'Profile', blocks: profileBlocks(profile, credentials, stsUrl) },
    { id: 'values', title: 'Single values', blocks: singleValues(credentials) },
  ]
}
