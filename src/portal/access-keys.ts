/** Access keys of a role, for people who copy them into a shell: chosen lifetime, asked for by POST, shown once. */
import { identityOf } from '../audit/build-event.js'
import { Fault } from '../fault.js'
import { roleSessionName } from '../role/session-name.js'
import type { Account, Role } from '../role/role.js'
import { sessionArn } from '../role/role-session.js'
import type { TemporaryCredentials } from '../role/session.js'
import { page, type Answer } from './answer.js'
import {
  callerIdentity,
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
import type { RefusalRecorder } from './sign-in-record.js'
import { field, type SignedInVisit } from './visit.js'

const shortest = 900
const usual = 3600
const presets = [900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 129_600]

export function createAccessKeyPages(
  deps: Pick<PortalDeps, 'broker' | 'directory' | 'settings' | 'now'>,
  edge: { readonly frameFor: FrameMaker; readonly refused: RefusalRecorder },
): {
  readonly ask: (visit: SignedInVisit) => Promise<Answer>
  readonly issue: (visit: SignedInVisit) => Promise<Answer>
} {
  /** The role that the address names, its account by id or alias, whoever asks; with the ARN one would have. */
  function named(visit: SignedInVisit) {
    const { account: given = '', role: name = '' } = visit.params
    const directory = deps.directory()
    const account = directory.account(given)
    const id = account?.id ?? given
    const role = directory.roleNamed(id, name)
    return { account, role, arn: role?.arn ?? `arn:aws:iam::${id}:role/${name}` }
  }

  /** Unknown, refused and never offered look the same, and are on record alike. */
  async function offered(visit: SignedInVisit): Promise<{ readonly account: Account; readonly role: Role }> {
    const { account, role } = named(visit)
    const { assertion } = visit.session
    const trusted = deps.broker.rolesFor(assertion, visit.origin).some(({ arn }) => arn === role?.arn)
    if (account !== undefined && role !== undefined && trusted) return { account, role }
    const refusal = { code: 'AccessDenied', reason: 'web:role', path: visit.path } as const
    await edge.refused(visit.origin, { ...refusal, userIdentity: identityOf(assertion) })
    throw notOffered()
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
      const { account, role } = await offered(visit)
      const most = longest(visit, role)
      const view = {
        account,
        role,
        csrfToken: visit.session.csrfToken,
        lifetimes: lifetimes(most),
        suggested: Math.min(usual, most),
      }
      return page(LifetimePage, { frame: await edge.frameFor(visit), view })
    },

    async issue(visit) {
      const outcome = await deps.broker.assume({
        caller: { type: 'assertion', assertion: visit.session.assertion },
        // A role nobody knows is asked for as well, so that the attempt is in the record.
        roleArn: named(visit).arn,
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
      return page(KeysPage, { frame: await edge.frameFor(visit), view })
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
      blocks: [
        posixEnvironment(variables),
        powershellEnvironment(variables),
        windowsEnvironment(variables),
        callerIdentity(stsUrl),
      ],
    },
    {
      id: 'profile',
      title: 'Profile',
      blocks: [...profileBlocks(profile, credentials, stsUrl), callerIdentity(stsUrl, profile)],
    },
    { id: 'values', title: 'Single values', blocks: singleValues(credentials) },
  ]
}
