/**
 * A JSON Web Token about the caller, for services that know OpenID Connect and nothing of Signature Version 4.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
 */
import type { RequestOrigin } from '../audit/event.js'
import { awsClaims, tokenSubject } from '../issuer/claims.js'
import type { TokenIssuer } from '../issuer/token-issuer.js'
import { tokenAlgorithms, type TokenAlgorithm } from '../issuer/token-algorithm.js'
import type { ContextValue } from '../policy/context.js'
import { identityOfCaller, type Caller } from '../role/caller.js'
import type { StsAction, StsOutcome } from './action.js'
import { lacks, notAuthorized, refused, type PermissionDeps } from './permission.js'
import { readTags, refuseTags } from './session-tag-parameters.js'
import { createValidation } from './validation.js'
import { refusal, type Refusal } from './wire-errors.js'

export interface WebIdentityTokenDeps extends PermissionDeps {
  readonly issuer: TokenIssuer
}

interface Asked {
  readonly audience: readonly string[]
  readonly algorithm: TokenAlgorithm
  readonly seconds: number
  readonly tags: ReadonlyMap<string, string>
}

const audienceText = { min: 1, max: 1000 }
const maxAudiences = 10
const algorithmText = { min: 5, max: 5 }
const durationRange = { min: 60, max: 3600 }
const defaultSeconds = 300
/** The region of a call that was signed for none: that of the global endpoint. */
const globalRegion = 'us-east-1'

export function getWebIdentityToken(deps: WebIdentityTokenDeps): StsAction {
  return {
    name: 'GetWebIdentityToken',
    signed: true,
    parse(form) {
      const check = createValidation(form)
      const audience = form.list('Audience')
      if (audience.length === 0) check.requiredText('Audience', audienceText)
      if (check.count('Audience', audience.length, maxAudiences))
        audience.forEach((one, index) => check.value(`Audience.${index + 1}.member`, one, audienceText))
      const algorithm = check.requiredText('SigningAlgorithm', algorithmText)
      const seconds = check.integer('DurationSeconds', durationRange)
      const tags = readTags(form, check)
      const wrong = check.refusal() ?? refuseTags(tags)
      if (wrong !== undefined) return { ok: false, refusal: wrong }
      if (!isAlgorithm(algorithm)) return { ok: false, refusal: notAnAlgorithm(algorithm) }
      const asked = { audience, algorithm, seconds: seconds ?? defaultSeconds, tags: new Map(tags) }
      return {
        ok: true,
        recordable: {
          audience,
          signingAlgorithm: algorithm,
          ...(seconds === undefined ? {} : { durationSeconds: seconds }),
          ...(tags.length === 0 ? {} : { tags: tags.map(([key, value]) => ({ key, value })) }),
        },
        run: (caller, origin) => issue(deps, caller, origin, asked),
      }
    },
  }
}

async function issue(
  deps: WebIdentityTokenDeps,
  caller: Caller,
  origin: RequestOrigin,
  asked: Asked,
): Promise<StsOutcome> {
  const { audience, algorithm, seconds, tags } = asked
  const wrong = lacksEither(deps, caller, origin, asked) ?? refuseAccount(deps.issuer, caller)
  if (wrong !== undefined) return refused(wrong)
  const directory = deps.directory()
  const subject = tokenSubject(caller, directory)
  if (subject === undefined) return refused(notAuthorized(caller, 'sts:GetWebIdentityToken', '*'))
  const now = deps.now()
  const expiresAt = new Date(now.getTime() + seconds * 1000)
  if (caller.type === 'session' && expiresAt > caller.session.expiresAt)
    return refused(
      refusal(
        'SessionDurationEscalationException',
        'The requested token would be valid for longer than the session that asks for it.',
        'sts:token-outlives-session',
      ),
    )
  const region = origin.region ?? globalRegion
  const issued = await deps.issuer.issue({
    account: subject.account,
    subject: subject.arn,
    audience,
    algorithm,
    expiresAt,
    awsClaims: awsClaims({ caller, subject, requestTags: tags, region, directory }),
  })
  if (issued === undefined)
    return refused(
      refusal(
        'JWTPayloadSizeExceededException',
        'The requested token payload size exceeds the maximum allowed size.',
        'sts:token-size',
      ),
    )
  const expiration = `${expiresAt.toISOString().slice(0, 19)}Z`
  return {
    ok: true,
    recorded: false,
    elements: {
      jti: issued.id,
      issuer: issued.issuer,
      subject: subject.arn,
      keyId: issued.keyId,
      expiration,
    },
    result: [
      ['WebIdentityToken', issued.token],
      ['Expiration', expiration],
    ],
  }
}

/** The token itself, and what the caller wants to say in it. */
function lacksEither(
  deps: WebIdentityTokenDeps,
  caller: Caller,
  origin: RequestOrigin,
  { audience, algorithm, seconds, tags }: Asked,
): Refusal | undefined {
  const context = new Map<string, ContextValue>([
    ['sts:identitytokenaudience', audience],
    ['sts:signingalgorithm', algorithm],
    ['sts:durationseconds', String(seconds)],
    ...[...tags].map(([key, value]) => [`aws:requesttag/${key.toLowerCase()}`, value] as const),
    ...(tags.size === 0 ? [] : [['aws:tagkeys', [...tags.keys()]] as const]),
  ])
  const token = lacks(caller, origin, { action: 'sts:GetWebIdentityToken', context }, deps)
  if (token !== undefined || tags.size === 0) return token
  return lacks(caller, origin, { action: 'sts:TagGetWebIdentityToken', context }, deps)
}

function refuseAccount(issuer: TokenIssuer, caller: Caller): Refusal | undefined {
  return issuer.offers(identityOfCaller(caller).account)
    ? undefined
    : refusal(
        'OutboundWebIdentityFederationDisabledException',
        'The outbound web identity federation feature is not enabled for this account.',
        'sts:tokens-disabled',
      )
}

function isAlgorithm(text: string): text is TokenAlgorithm {
  return (tokenAlgorithms as readonly string[]).includes(text)
}

function notAnAlgorithm(text: string): Refusal {
  return refusal(
    'ValidationError',
    `1 validation error detected: Value '${text}' at 'signingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [${tokenAlgorithms.join(', ')}]`,
    'sts:validation',
  )
}
