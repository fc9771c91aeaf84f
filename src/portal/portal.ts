/**
 * The pages as one Express router: reads a request into a Visit, asks the route's handler, sends its Answer. All that
 * every page must do is done here once: security headers, session, origin and token checks, failures.
 * Mount it last: what it does not know is its 404.
 */
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express'
import type { RequestOrigin } from '../audit/event.js'
import { Fault } from '../fault.js'
import { page, redirect, type Answer } from './answer.js'
import { loadAssets } from './assets.js'
import { loopbackName } from './canonical-host.js'
import { createCookieJar } from './cookie-jar.js'
import { failureOf, methodNotAllowed, notFound, type Failure } from './failures.js'
import { isFormEncoded } from './form-encoding.js'
import { createFrameMaker } from './frames.js'
import { contentSecurityPolicy, createSecurityHeaders } from './headers.js'
import { signInPath } from './local-path.js'
import { MessagePage } from './pages/message-page.js'
import type { PortalDeps } from './portal-deps.js'
import { portalRoutes, type Route } from './routes.js'
import { requireSameOrigin, requireToken } from './same-origin.js'
import { createRecordMaker, createRefusalRecorder } from './sign-in-record.js'
import { field, type SignedInVisit, type Visit } from './visit.js'

const largestForm = 32 * 1024

export function createPortal(deps: PortalDeps): Router {
  const publicUrl = () => deps.settings().publicUrl
  const assets = loadAssets()
  const jar = createCookieJar(publicUrl)
  const frameFor = createFrameMaker(deps, assets)
  const record = createRecordMaker(deps)
  const refused = createRefusalRecorder(deps, record)
  const edge = { frameFor, jar, record, refused }
  const origins = new WeakMap<Request, RequestOrigin>()

  function originOf(request: Request): RequestOrigin {
    const known = origins.get(request) ?? deps.originOf(request)
    origins.set(request, known)
    return known
  }

  async function visitOf(request: Request): Promise<Visit> {
    const queryAt = request.originalUrl.indexOf('?')
    const rawQuery = queryAt < 0 ? '' : request.originalUrl.slice(queryAt + 1)
    const rawBody = typeof request.body === 'string' ? request.body : ''
    const cookieHeader = request.headers.cookie
    const cookie = jar.readSession(cookieHeader)
    const session = cookie === undefined ? undefined : await deps.sessions.find(cookie)
    return {
      origin: originOf(request),
      method: request.method === 'POST' ? 'POST' : 'GET',
      path: request.path,
      rawQuery,
      rawBody,
      query: new URLSearchParams(rawQuery),
      form: new URLSearchParams(rawBody),
      params: request.params as Readonly<Record<string, string>>,
      cookieHeader,
      session,
      staleSession: session === undefined && jar.hasSession(cookieHeader),
    }
  }

  async function answerRoute(route: Route, request: Request): Promise<Answer> {
    const posted = request.method === 'POST'
    if (posted && !('postedFromElsewhere' in route)) {
      requireSameOrigin(
        { secFetchSite: request.get('sec-fetch-site'), origin: request.get('origin') },
        publicUrl(),
      )
    }
    const visit = await visitOf(request)
    if (!('postedFromElsewhere' in route)) requireReadable(visit)
    if (route.access === 'anyone') return (posted ? route.post : route.get)!(visit)
    if (visit.session === undefined) {
      const notice = visit.staleSession || posted ? { notice: 'expired' as const } : {}
      if (wantsJson(request)) throw new Fault('ExpiredCredentials', 'sign in first')
      return redirect(signInPath({ next: posted ? '' : request.originalUrl, ...notice }))
    }
    if (posted) requireToken(visit.session, field(visit.form, 'csrf'))
    return (posted ? route.post : route.get)!(visit as SignedInVisit)
  }

  function send(request: Request, response: Response, answer: Answer): void {
    response.setHeader('x-amzn-RequestId', originOf(request).requestId)
    response.setHeader('Cache-Control', 'no-store')
    response.setHeader('Vary', 'Accept, Cookie')
    if ('cookies' in answer && answer.cookies !== undefined) response.setHeader('Set-Cookie', answer.cookies)
    if ('headers' in answer) {
      for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value)
    }
    response.setHeader(
      'Content-Security-Policy',
      contentSecurityPolicy(answer.type === 'page' ? answer.formTargets : []),
    )
    if (answer.type === 'redirect') {
      response.statusCode = 303
      response.setHeader('Location', answer.location)
      response.end()
      return
    }
    const isPage = answer.type === 'page'
    if (isPage && answer.failure !== undefined && wantsJson(request)) {
      writeFailure(request, response, { status: answer.status, ...answer.failure })
      return
    }
    response.statusCode = isPage ? answer.status : 200
    write(
      response,
      isPage ? 'text/html; charset=utf-8' : answer.contentType,
      isPage ? answer.html : answer.body,
    )
  }

  function writeFailure(
    request: Request,
    response: Response,
    { status, code, text: message }: Pick<Failure, 'status' | 'code' | 'text'>,
  ): void {
    const { requestId } = originOf(request)
    response.statusCode = status
    write(response, 'application/json; charset=utf-8', JSON.stringify({ code, message, requestId }))
  }

  async function sendFailure(request: Request, response: Response, failure: Failure): Promise<void> {
    const { requestId } = originOf(request)
    if (wantsJson(request)) {
      response.setHeader('x-amzn-RequestId', requestId)
      response.setHeader('Cache-Control', 'no-store')
      response.setHeader('Content-Security-Policy', contentSecurityPolicy())
      writeFailure(request, response, failure)
      return
    }
    // The frame needs the session, and the session the store, which may be what failed.
    const signedOut = { session: undefined } as Visit
    const visit = failure.status >= 500 ? signedOut : await visitOf(request).catch(() => signedOut)
    const frame = await frameFor(visit).catch(() => frameFor(signedOut))
    const message = {
      title: failure.title,
      text: failure.text,
      requestId,
      code: failure.code,
      action: { to: '/', text: visit.session === undefined ? 'Go to sign-in' : 'Go to accounts' },
    }
    send(request, response, page(MessagePage, { frame, message }, { status: failure.status }))
  }

  const onError: ErrorRequestHandler = async (thrown: unknown, request, response, next) => {
    if (response.headersSent) return next(thrown)
    const failure = failureOf(thrown)
    const reason = thrown instanceof Fault ? thrown.reason : undefined
    const fields = { requestId: originOf(request).requestId, path: request.path, fault: failure.code, reason }
    if (failure.status >= 500) deps.log.error('portal.failed', { ...fields, cause: thrown })
    else deps.log.info('portal.refused', fields)
    if (thrown instanceof Fault && reason === 'web:csrf') {
      await refused(originOf(request), { code: thrown.code, reason, path: request.path })
    }
    await sendFailure(request, response, failure)
  }

  const ownName: RequestHandler = (request, response, next) => {
    const path = loopbackName(request.method, request.get('host'), publicUrl())
    if (path === undefined) return next()
    send(request, response, redirect(path + request.originalUrl))
  }

  const router = express.Router({ caseSensitive: true })
  router.use(createSecurityHeaders(publicUrl))
  router.use('/assets', assets.serve)
  router.use(ownName)
  for (const route of portalRoutes(deps, edge)) {
    const handler: RequestHandler = async (request, response) => {
      send(request, response, await answerRoute(route, request))
    }
    const refuse: RequestHandler = async (request, response) => {
      response.setHeader('Allow', [route.get && 'GET, HEAD', route.post && 'POST'].filter(Boolean).join(', '))
      await sendFailure(request, response, methodNotAllowed)
    }
    const limit = 'maxFormBytes' in route ? route.maxFormBytes : largestForm
    const readForm = express.text({ type: 'application/x-www-form-urlencoded', limit: limit ?? largestForm })
    const mounted = router.route(route.path)
    if (route.get !== undefined) mounted.get(handler)
    if (route.post !== undefined) mounted.post(readForm, handler)
    mounted.all(refuse)
  }
  router.use(async (request, response) => sendFailure(request, response, notFound))
  router.use(onError)
  return router
}

/** @throws {Fault} `InvalidRequest`: a value that has to be guessed is none, and no wrong password either. */
function requireReadable({ rawQuery, rawBody }: Visit): void {
  if (isFormEncoded(rawQuery) && isFormEncoded(rawBody)) return
  throw new Fault('InvalidRequest', 'the request could not be read: its encoding is broken', {
    reason: 'web:encoding',
  })
}

function write(response: Response, contentType: string, body: string): void {
  const bytes = Buffer.from(body)
  response.setHeader('Content-Type', contentType)
  response.setHeader('Content-Length', bytes.length)
  response.end(bytes)
}

function wantsJson(request: Request): boolean {
  return request.accepts(['html', 'json']) === 'json'
}
