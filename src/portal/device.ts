/**
 * Approving a program on another machine (RFC 8628). A link may carry the code, but only POST looks it up, and only a
 * second POST, with the person's word that the program is theirs, approves (§5.4). Guessing is throttled (§5.1).
 */
import { identityOf } from '../audit/build-event.js'
import type { FaultCode } from '../fault.js'
import type { PendingDevice } from '../sso/grants.js'
import { failureIn, page, type Answer } from './answer.js'
import type { FrameMaker } from './frames.js'
import { DeviceCodePage, DeviceReviewPage } from './pages/device-page.js'
import type { Notice } from './pages/forms.js'
import { MessagePage } from './pages/message-page.js'
import type { PortalDeps } from './portal-deps.js'
import type { RecordMaker, RefusalRecorder } from './sign-in-record.js'
import { field, type SignedInVisit } from './visit.js'

const longestCode = 16

export function createDevicePages(
  deps: Pick<PortalDeps, 'devices' | 'throttle' | 'audit'>,
  edge: {
    readonly frameFor: FrameMaker
    readonly record: RecordMaker
    readonly refused: RefusalRecorder
  },
): {
  readonly ask: (visit: SignedInVisit) => Promise<Answer>
  readonly decide: (visit: SignedInVisit) => Promise<Answer>
} {
  async function codePage(
    visit: SignedInVisit,
    userCode: string,
    more: {
      readonly status?: number
      readonly notice?: Notice
      readonly headers?: Readonly<Record<string, string>>
    } = {},
  ): Promise<Answer> {
    const { notice, ...rest } = more
    const props = {
      frame: await edge.frameFor(visit),
      userCode,
      csrfToken: visit.session.csrfToken,
      ...(notice === undefined ? {} : { notice }),
    }
    return page(DeviceCodePage, props, { ...rest, ...failureIn(notice) })
  }

  async function review(visit: SignedInVisit, device: PendingDevice, notice?: Notice): Promise<Answer> {
    const props = {
      frame: await edge.frameFor(visit),
      device,
      browserAddress: visit.origin.sourceIp,
      csrfToken: visit.session.csrfToken,
      ...(notice === undefined ? {} : { notice }),
    }
    return page(DeviceReviewPage, props, { status: notice === undefined ? 200 : 400, ...failureIn(notice) })
  }

  async function done(visit: SignedInVisit, title: string, text: string): Promise<Answer> {
    const message = { title, text, action: { to: '/accounts', text: 'Go to accounts' } }
    return page(MessagePage, { frame: await edge.frameFor(visit), message })
  }

  async function record(visit: SignedInVisit, device: PendingDevice, eventName: string): Promise<void> {
    const { assertion } = visit.session
    await deps.audit.record(
      edge.record(visit.origin, {
        eventName,
        eventSource: 'sso.amazonaws.com',
        userIdentity: identityOf(assertion),
        requestParameters: { clientName: device.clientName, scopes: device.scopes },
        responseElements: null,
        additionalEventData: {
          deviceSourceIPAddress: device.sourceIp,
          addressesDiffer: device.sourceIp !== visit.origin.sourceIp,
        },
      }),
    )
  }

  return {
    ask: (visit) => codePage(visit, shownCode(field(visit.query, 'user_code'))),

    async decide(visit) {
      const { assertion } = visit.session
      const typed = field(visit.form, 'user_code').trim().slice(0, longestCode)
      const decision = field(visit.form, 'decision')

      const attempt = await deps.throttle.attempt(
        `device/${assertion.issuer}/${assertion.subject}`,
        visit.origin.sourceIp,
      )
      const guess = { path: visit.path, userIdentity: identityOf(assertion) }
      if (!attempt.allowed) {
        await edge.refused(visit.origin, { ...guess, code: 'Throttled', reason: 'device:guess' })
        const wait = String(Math.max(1, Math.ceil(attempt.retryAfterSeconds)))
        const notice = {
          tone: 'bad',
          text: 'Too many codes were tried. Wait a little, then try again.',
          ...reference(visit, 'Throttled'),
        } as const
        return codePage(visit, '', { status: 429, headers: { 'Retry-After': wait }, notice })
      }
      const device = await deps.devices.find(typed)
      if (device === undefined) {
        await edge.refused(visit.origin, { ...guess, code: 'NotFound', reason: 'device:unknown-code' })
        const text =
          'This code is unknown or has expired. Look at the program again: it may show a newer one.'
        return codePage(visit, shownCode(typed), {
          status: 404,
          notice: { tone: 'bad', text, ...reference(visit, 'NotFound') },
        })
      }
      await attempt.succeeded()

      if (decision === 'approve' && field(visit.form, 'confirmed') === 'yes') {
        await record(visit, device, 'ApproveDeviceAuthorization')
        if (!(await deps.devices.approve(device.userCode, assertion))) return late(visit)
        return done(
          visit,
          'The program is connected',
          'Go back to it: it goes on by itself. You may close this page.',
        )
      }
      if (decision === 'deny') {
        await record(visit, device, 'DenyDeviceAuthorization')
        if (!(await deps.devices.deny(device.userCode))) return late(visit)
        return done(
          visit,
          'The program was refused',
          'It got nothing. If you did not start it, tell your administrator.',
        )
      }
      const unconfirmed = {
        tone: 'bad',
        text: 'Confirm that you started the program and that it shows this code, or deny it.',
        ...reference(visit, 'InvalidRequest'),
      } as const
      return review(visit, device, decision === 'approve' ? unconfirmed : undefined)
    },
  }

  function late(visit: SignedInVisit): Promise<Answer> {
    const text = 'Somebody decided about this code already.'
    const notice = { tone: 'bad', text, ...reference(visit, 'NotFound') } as const
    return codePage(visit, '', { status: 409, notice })
  }
}

function reference(visit: SignedInVisit, code: FaultCode) {
  return { code, requestId: visit.origin.requestId }
}

/** From a link, whatever is not the shape of a code is not shown at all. */
function shownCode(given: string): string {
  return /^[A-Za-z0-9]{4}-?[A-Za-z0-9]{4}$/.test(given) ? given.toUpperCase() : ''
}
