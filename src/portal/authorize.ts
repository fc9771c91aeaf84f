/**
 * A program on this machine asks to act for the person (authorization code with PKCE on loopback, RFC 8252). The
 * request travels through the confirmation as it came and is judged again; a bad one is answered here, never by redirect.
 */
import { identityOf } from '../audit/build-event.js'
import { Fault } from '../fault.js'
import type { CodeRequest } from '../sso/grants.js'
import { page, redirect, type Answer } from './answer.js'
import type { FrameMaker } from './frames.js'
import { AuthorizePage } from './pages/authorize-page.js'
import type { PortalDeps } from './portal-deps.js'
import type { RecordMaker } from './sign-in-record.js'
import { field, type SignedInVisit } from './visit.js'

export function createAuthorizePages(
  deps: Pick<PortalDeps, 'codes' | 'audit'>,
  edge: { readonly frameFor: FrameMaker; readonly record: RecordMaker },
): {
  readonly ask: (visit: SignedInVisit) => Promise<Answer>
  readonly decide: (visit: SignedInVisit) => Promise<Answer>
} {
  async function parse(rawQuery: string): Promise<CodeRequest> {
    const parsed = await deps.codes.parse(new URLSearchParams(rawQuery))
    if ('problem' in parsed)
      throw new Fault('InvalidRequest', `the program's request cannot be used: ${parsed.problem}`)
    return parsed
  }

  async function record(visit: SignedInVisit, request: CodeRequest, eventName: string): Promise<void> {
    await deps.audit.record(
      edge.record(visit.origin, {
        eventName,
        eventSource: 'sso.amazonaws.com',
        userIdentity: identityOf(visit.session.assertion),
        requestParameters: {
          clientId: request.clientId,
          clientName: request.clientName,
          scopes: request.scopes,
        },
        responseElements: null,
      }),
    )
  }

  return {
    async ask(visit) {
      const request = await parse(visit.rawQuery)
      const props = {
        frame: await edge.frameFor(visit),
        request,
        rawQuery: visit.rawQuery,
        csrfToken: visit.session.csrfToken,
      }
      // Browsers apply form-action to the redirect that answers the form.
      return page(AuthorizePage, props, { formTargets: [new URL(request.redirectUri).origin] })
    },

    async decide(visit) {
      const request = await parse(field(visit.form, 'request'))
      const decision = field(visit.form, 'decision')
      if (decision === 'approve') {
        await record(visit, request, 'ApproveAuthorization')
        return redirect((await deps.codes.approve(request, visit.session.assertion)).href)
      }
      if (decision === 'deny') {
        await record(visit, request, 'DenyAuthorization')
        return redirect(deps.codes.deny(request).href)
      }
      throw new Fault('InvalidRequest', 'approve or deny')
    },
  }
}
