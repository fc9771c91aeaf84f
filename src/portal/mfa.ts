/**
 * The MFA devices of users that belong to the person: look, enrol with a QR code and two codes, remove with a code.
 * Nothing of an enrolment is kept until it is confirmed: it travels sealed in the page's form, never in an address.
 */
import { identityOf } from '../audit/build-event.js'
import { Fault, type FaultCode } from '../fault.js'
import type { User } from '../user/user.js'
import { failureIn, page, redirect, type Answer } from './answer.js'
import type { FrameMaker } from './frames.js'
import type { Notice } from './pages/forms.js'
import { MfaEnrolmentPage, MfaPage } from './pages/mfa-page.js'
import type { PortalDeps } from './portal-deps.js'
import { usersOf } from './own-users.js'
import type { RecordMaker, RefusalRecorder } from './sign-in-record.js'
import { field, type SignedInVisit } from './visit.js'

const here = '/account/mfa'
const longestField = 4096

const done: Readonly<Record<string, string>> = {
  enabled: 'The device is enabled. From now on its codes count, each of them once.',
  removed: 'The device is removed. Its codes never count again.',
}

const refusals = {
  'wrong-codes': {
    status: 400,
    code: 'InvalidParameterValue',
    text: 'These are not two codes of this device, one right after the other. Wait for a new one, then give it and the next.',
  },
  exists: { status: 409, code: 'InvalidRequest', text: 'There is a device of this name already.' },
  full: { status: 409, code: 'InvalidRequest', text: 'There are eight devices already. Remove one first.' },
  over: { status: 400, code: 'InvalidRequest', text: 'This took too long. Begin again.' },
  'unknown-device': { status: 404, code: 'NotFound', text: 'There is no such device any more.' },
  'wrong-code': {
    status: 400,
    code: 'AccessDenied',
    text: 'That code was wrong, or used before. Wait for the next one.',
  },
  locked: {
    status: 429,
    code: 'Throttled',
    text: 'Too many wrong codes were given for this device. Try again in a quarter of an hour.',
  },
} as const satisfies Record<
  string,
  { readonly status: number; readonly code: FaultCode; readonly text: string }
>

type Refusal = keyof typeof refusals

export function createMfaPages(
  deps: Pick<PortalDeps, 'ownDevices' | 'directory' | 'audit'>,
  edge: {
    readonly frameFor: FrameMaker
    readonly record: RecordMaker
    readonly refused: RefusalRecorder
  },
): {
  readonly show: (visit: SignedInVisit) => Promise<Answer>
  readonly begin: (visit: SignedInVisit) => Promise<Answer>
  readonly confirm: (visit: SignedInVisit) => Promise<Answer>
  readonly remove: (visit: SignedInVisit) => Promise<Answer>
} {
  const { ownDevices } = deps

  async function list(visit: SignedInVisit, notice?: Notice, status = 200): Promise<Answer> {
    const users = usersOf(deps.directory(), visit.session.assertion)
    if (users.length === 0) throw nobody()
    const view = {
      users: await Promise.all(
        users.map(async (user) => ({
          user,
          accountName: deps.directory().account(user.account)?.name ?? user.account,
          devices: await ownDevices.list(user),
        })),
      ),
      csrfToken: visit.session.csrfToken,
      ...(notice === undefined ? {} : { notice }),
    }
    return page(MfaPage, { frame: await edge.frameFor(visit), view }, { status, ...failureIn(notice) })
  }

  /** @throws {Fault} `NotFound`, the same for somebody else's user and for none. */
  function chosenUser(visit: SignedInVisit): User {
    const arn = field(visit.form, 'user')
    const user = usersOf(deps.directory(), visit.session.assertion).find((one) => one.arn === arn)
    if (user === undefined) throw nobody()
    return user
  }

  async function refuse(visit: SignedInVisit, user: User, refusal: Refusal): Promise<Notice> {
    const { code, text } = refusals[refusal]
    await edge.refused(visit.origin, {
      path: visit.path,
      code,
      reason: `mfa:${refusal}`,
      userIdentity: identityOf(visit.session.assertion),
    })
    return { tone: 'bad', text: `${user.name}: ${text}`, code, requestId: visit.origin.requestId }
  }

  function record(
    visit: SignedInVisit,
    { arn, name, account }: User,
    eventName: string,
    serialNumber: string,
    responseElements: Readonly<Record<string, unknown>> | null = null,
  ): Promise<void> {
    return deps.audit.record(
      edge.record(visit.origin, {
        eventName,
        eventSource: 'iam.amazonaws.com',
        userIdentity: identityOf(visit.session.assertion),
        requestParameters: { userName: name, serialNumber },
        responseElements,
        resources: [{ ARN: arn, accountId: account, type: 'AWS::IAM::User' }],
        recipientAccountId: account,
      }),
    )
  }

  return {
    show(visit) {
      const text = done[field(visit.query, 'done')]
      return list(visit, text === undefined ? undefined : { tone: 'good', text })
    },

    async begin(visit) {
      const user = chosenUser(visit)
      const enrolment = ownDevices.begin(user, field(visit.form, 'name').trim(), visit.session.signIn)
      const present = await ownDevices.list(user)
      const isThere = present.some(({ serialNumber }) => serialNumber === enrolment.serialNumber)
      if (isThere) return list(visit, await refuse(visit, user, 'exists'), refusals.exists.status)
      const view = { user, enrolment, csrfToken: visit.session.csrfToken }
      return page(MfaEnrolmentPage, { frame: await edge.frameFor(visit), view })
    },

    async confirm(visit) {
      const user = chosenUser(visit)
      const { signIn, csrfToken } = visit.session
      const sealed = field(visit.form, 'enrolment').slice(0, longestField)
      const codes = [codeIn(visit, 'first'), codeIn(visit, 'second')] as const
      const enrolment = ownDevices.resume(user, sealed, signIn)
      const outcome = enrolment === undefined ? 'over' : await ownDevices.confirm(user, sealed, signIn, codes)
      if (enrolment === undefined || outcome !== 'enabled') {
        const refusal = outcome === 'enabled' ? 'over' : outcome
        const notice = await refuse(visit, user, refusal)
        const { status } = refusals[refusal]
        if (enrolment === undefined || refusal !== 'wrong-codes') return list(visit, notice, status)
        const view = { user, enrolment, csrfToken, notice }
        const props = { frame: await edge.frameFor(visit), view }
        return page(MfaEnrolmentPage, props, { status, ...failureIn(notice) })
      }
      const { serialNumber } = enrolment
      try {
        await record(visit, user, 'CreateVirtualMFADevice', serialNumber, {
          virtualMFADevice: { serialNumber },
        })
        await record(visit, user, 'EnableMFADevice', serialNumber)
      } catch (cause) {
        await ownDevices.remove(user, serialNumber)
        throw cause
      }
      return redirect(`${here}?done=enabled`)
    },

    async remove(visit) {
      const user = chosenUser(visit)
      const serialNumber = field(visit.form, 'device')
      const outcome = await ownDevices.verify(user, serialNumber, codeIn(visit, 'code'))
      if (outcome !== 'accepted')
        return list(visit, await refuse(visit, user, outcome), refusals[outcome].status)
      await record(visit, user, 'DeactivateMFADevice', serialNumber)
      await ownDevices.remove(user, serialNumber)
      return redirect(`${here}?done=removed`)
    },
  }
}

/** Apps show codes as two groups, and people type them so. */
function codeIn(visit: SignedInVisit, name: string): string {
  return field(visit.form, name).slice(0, 32).replace(/\s/g, '')
}

function nobody(): Fault {
  return new Fault('NotFound', 'no user of yours is here', { reason: 'mfa:not-owner' })
}
