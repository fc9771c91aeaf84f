/**
 * Becoming another role, going back, and leaving it. Always with the identity that signed in, by the same call as
 * STS, and under a new session cookie. Nothing but a person's own POST switches; links only fill in the form.
 */

import { identityOf } from '../audit/build-event.js'
import type { RoleDirectory } from '../role/role.js'
import { sessionArn } from '../role/role-session.js'
import { roleSessionName } from '../role/session-name.js'
import type { ChosenRole, RoleChoice } from '../session/sign-in-session.js'
import { failureIn, page, redirect, type Answer } from './answer.js'
import type { CookieJar } from './cookie-jar.js'
import type { FrameMaker } from './frames.js'
import type { Notice } from './pages/forms.js'
import { SwitchRolePage, type SwitchRoleValues } from './pages/switch-role-page.js'
import type { PortalDeps } from './portal-deps.js'
import type { RecordMaker } from './sign-in-record.js'
import { readChoice, prefill, type Problems } from './switch-role-form.js'
import type { SignedInVisit } from './visit.js'

const home = '/session'

export function createSwitchRolePages(
  deps: Pick<PortalDeps, 'broker' | 'directory' | 'sessions' | 'history' | 'audit' | 'now'>,
  edge: { readonly frameFor: FrameMaker; readonly jar: CookieJar; readonly record: RecordMaker },
): {
  readonly form: (visit: SignedInVisit) => Promise<Answer>
  readonly perform: (visit: SignedInVisit) => Promise<Answer>
  readonly back: (visit: SignedInVisit) => Promise<Answer>
  readonly exit: (visit: SignedInVisit) => Promise<Answer>
} {
  async function form(
    visit: SignedInVisit,
    status: number,
    values: SwitchRoleValues,
    more: { readonly problems?: Problems; readonly notice?: Notice } = {},
  ): Promise<Answer> {
    const directory = deps.directory()
    const choices = deps.broker.rolesFor(visit.session.assertion, visit.origin).flatMap((role) => {
      const account = directory.account(role.account)
      return account === undefined ? [] : [{ account, role }]
    })
    const view = {
      values,
      problems: more.problems ?? {},
      csrfToken: visit.session.csrfToken,
      choices,
      ...(more.notice === undefined ? {} : { notice: more.notice }),
    }
    const props = { frame: await edge.frameFor(visit), view }
    return page(SwitchRolePage, props, { status, ...failureIn(more.notice) })
  }

  async function become(
    visit: SignedInVisit,
    wanted: ChosenRole,
    previous: readonly ChosenRole[],
    onDenied: () => Promise<Answer>,
  ): Promise<Answer> {
    const { session } = visit
    const outcome = await deps.broker.assume({
      caller: { type: 'assertion', assertion: session.assertion },
      roleArn: wanted.roleArn,
      sessionName: roleSessionName(session.assertion),
      eventName: 'SwitchRole',
      eventSource: 'signin.amazonaws.com',
      origin: visit.origin,
    })
    if (!outcome.granted) return onDenied()
    const { session: roleSession, role } = outcome
    const chosen = { ...wanted, roleArn: role.arn }
    const expiresAt = roleSession.expiresAt < session.expiresAt ? roleSession.expiresAt : session.expiresAt
    await deps.history.remember(session.assertion, chosen)
    return choose(visit, {
      previous,
      active: {
        ...chosen,
        account: roleSession.account,
        sessionName: roleSession.sessionName,
        accessKeyId: roleSession.accessKeyId,
        issuedAt: roleSession.issuedAt,
        expiresAt,
      },
    })
  }

  /** When another request was quicker, the browser holds that one's cookie already: go and look. */
  async function choose(visit: SignedInVisit, choice: RoleChoice): Promise<Answer> {
    const renewed = await deps.sessions.chooseRole(visit.session, choice)
    return redirect(home, renewed === undefined ? {} : { cookies: [edge.jar.session(renewed.cookie)] })
  }

  function left(visit: SignedInVisit, next: string): readonly ChosenRole[] {
    const { active, previous } = visit.session
    if (active === undefined || active.roleArn === next) return previous
    const { roleArn, displayName, color } = active
    return [...previous, { roleArn, displayName, ...(color === undefined ? {} : { color }) }]
  }

  return {
    form: (visit) => {
      const { values, problems } = prefill(visit.query)
      return form(visit, 200, values, { problems })
    },

    async perform(visit) {
      const read = readChoice(visit.form)
      if (!read.ok) {
        const { problems } = read
        return form(visit, 400, read.values, { problems, notice: unfit(visit, problems) })
      }
      const wanted = chosenRole(deps.directory(), read.values)
      return become(visit, wanted, left(visit, wanted.roleArn), () =>
        form(visit, 403, read.values, { notice: denied(visit) }),
      )
    },

    async back(visit) {
      const to = visit.session.previous.at(-1)
      if (to === undefined) return redirect(home)
      return become(visit, to, visit.session.previous.slice(0, -1), () =>
        form(
          visit,
          403,
          { account: '', roleName: '', displayName: '', color: '' },
          { notice: denied(visit) },
        ),
      )
    },

    async exit(visit) {
      const { active, assertion } = visit.session
      if (active === undefined) return redirect(home)
      await deps.audit.record(
        edge.record(visit.origin, {
          eventName: 'ExitRole',
          eventSource: 'signin.amazonaws.com',
          userIdentity: identityOf(assertion),
          responseElements: { ExitRole: 'Success' },
          additionalEventData: { SwitchFrom: sessionArn(active) },
        }),
      )
      return choose(visit, { previous: left(visit, '') })
    },
  }
}

function unfit(visit: SignedInVisit, problems: Problems): Notice {
  return {
    tone: 'bad',
    text: `${Object.values(problems).join('. ')}.`,
    requestId: visit.origin.requestId,
    code: 'InvalidRequest',
  }
}

function denied(visit: SignedInVisit): Notice {
  return {
    tone: 'bad',
    text: 'You cannot switch to this role. It does not exist, or its trust policy does not let you in. Check the account and the name, or ask whoever owns the role.',
    requestId: visit.origin.requestId,
    code: 'AccessDenied',
  }
}

/** The role by its names; one that nobody knows still gets an ARN, so that the attempt is judged and recorded alike. */
function chosenRole(directory: RoleDirectory, values: SwitchRoleValues): ChosenRole {
  const account = directory.account(values.account)
  const id = account?.id ?? values.account
  const role = directory.roleNamed(id, values.roleName)
  return {
    roleArn: role?.arn ?? `arn:aws:iam::${id}:role/${values.roleName}`,
    displayName:
      values.displayName === '' ? `${values.roleName} @ ${account?.name ?? id}` : values.displayName,
    ...(values.color === '' ? {} : { color: `#${values.color.toLowerCase()}` }),
  }
}
