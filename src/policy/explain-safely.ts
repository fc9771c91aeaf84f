/**
 * What a caller may be told of a decision: which layers lack an Allow or hold a Deny, and what kinds of facts they
 * looked at. Every word comes from the tables here, none from a policy or a request.
 */
import type { LayerName } from './evaluate.js'
import type { Explanation, Mismatch } from './explain.js'

/** Two sentences at most. */
export function safeSentences({ decision, layers }: Explanation): readonly string[] {
  const { outcome, matched, missing = [] } = decision
  if (outcome === 'allowed') return ['Allowed.']
  if (outcome === 'explicitDeny') {
    return [`Denied: ${together(new Set(matched.map(({ layer }) => layer)))} forbid it explicitly.`]
  }
  const lacking = new Set<LayerName>(missing)
  const failures = layers
    .filter(({ layer }) => lacking.has(layer))
    .flatMap(({ statements }) => statements)
    .flatMap(({ effect, failed }) => (effect === 'Allow' && failed !== undefined ? [factOf(failed)] : []))
  const facts = factOrder.filter((fact) => failures.includes(fact))
  const who = lacking.size === 0 ? 'no policy allows it.' : `${together(lacking)} do not allow it.`
  return [`Denied: ${who}`, ...(facts.length === 0 ? [] : [`They looked at ${facts.join(', ')}.`])]
}

function together(layers: ReadonlySet<LayerName>): string {
  return layerOrder
    .filter((layer) => layers.has(layer))
    .map((layer) => owners[layer])
    .join(' and ')
}

const owners: Readonly<Record<LayerName, string>> = {
  identity: "the caller's own policies",
  resource: "the resource's policies",
  boundary: "the caller's boundary rules",
  session: "the session's policies",
  'service-control': "the organization's rules for callers",
  'resource-control': "the organization's rules for resources",
}

const layerOrder = Object.keys(owners) as readonly LayerName[]

function factOf(failed: Mismatch): Fact {
  switch (failed.element) {
    case 'Principal':
    case 'NotPrincipal':
      return 'who asks'
    case 'Action':
    case 'NotAction':
      return 'the action'
    case 'Resource':
    case 'NotResource':
      return 'the resource'
    case 'Condition':
      break
  }
  const key = failed.key.toLowerCase()
  return kinds.find(([pattern]) => pattern.test(key))?.[1] ?? 'other facts of the request'
}

const factOrder = [
  'who asks',
  'the action',
  'the resource',
  'group membership',
  'how the sign-in was made',
  'what the identity provider said',
  'tags',
  'names and ids passed along',
  'the organization and its accounts',
  'the network',
  'the time',
  'other facts of the request',
] as const

type Fact = (typeof factOrder)[number]

/** The first that fits. */
const kinds: readonly (readonly [RegExp, Fact])[] = [
  [/^(?!aws:|sts:|iam:).*:groups$/, 'group membership'],
  [/^aws:(?:multifactorauth|tokenissuetime|federatedprovider|assumedroot)|:amr$/, 'how the sign-in was made'],
  [/^(?:aws|iam):(?:principaltag|requesttag|resourcetag)\/|^aws:tagkeys$|^sts:transitivetagkeys$/, 'tags'],
  [/^sts:(?:externalid|rolesessionname|sourceidentity)$|^aws:sourceidentity$/, 'names and ids passed along'],
  [/^aws:(?:\w*org(?:id|paths)|\w*account)$/, 'the organization and its accounts'],
  [/^aws:(?:principal\w*|userid|username)$/, 'who asks'],
  [/^aws:(?:sourceip|vpc\w*|sourcevpc\w*|securetransport|useragent|referer)$/, 'the network'],
  [/^aws:(?:currenttime|epochtime)$/, 'the time'],
  [/^(?:saml|ldap|local):|^[^:/]+\.[^:]*:|^localhost/, 'what the identity provider said'],
]
