/**
 * Checks on two actions whose reach nobody means to leave open: iam:PassRole hands a role to a service, and
 * iam:CreateServiceLinkedRole makes one. Each has the same six forms.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
 */
import { coversAction, matchesEntry } from './action.js'
import { type Check, type Hit, hit, perStatement } from './check.js'
import type { StatementView } from './policy-view.js'
import { restrictingKeys } from './restriction.js'

interface Reach {
  readonly prefix: string
  readonly type: Check['type']
  /** In lower case. */
  readonly action: string
  /** A condition on this key is narrow enough for the forms with `*` as resource. */
  readonly guard: string
  readonly risk: string
}

const passRole: Reach = {
  prefix: 'PASS_ROLE',
  type: 'SECURITY_WARNING',
  action: 'iam:passrole',
  guard: 'iam:passedtoservice',
  risk: 'any role can be passed: name the roles, or the service with `iam:PassedToService`',
}

const createServiceLinkedRole: Reach = {
  prefix: 'CREATE_SLR',
  type: 'WARNING',
  action: 'iam:createservicelinkedrole',
  guard: 'iam:awsservicename',
  risk: 'service-linked roles of any service can be created: name them, or the service with `iam:AWSServiceName`',
}

type Form = { readonly action: 'named' | 'star' | 'not'; readonly resource: 'star' | 'not' }

const forms: readonly (Form & { readonly suffix: string; readonly how: string })[] = [
  { suffix: 'WITH_STAR_IN_RESOURCE', action: 'named', resource: 'star', how: 'With a wildcard as resource' },
  {
    suffix: 'WITH_STAR_IN_ACTION_AND_RESOURCE',
    action: 'star',
    resource: 'star',
    how: 'With wildcards as action and resource',
  },
  {
    suffix: 'WITH_STAR_IN_RESOURCE_AND_NOT_ACTION',
    action: 'not',
    resource: 'star',
    how: 'With `NotAction` and a wildcard as resource',
  },
  { suffix: 'WITH_NOT_RESOURCE', action: 'named', resource: 'not', how: 'With `NotResource`' },
  {
    suffix: 'WITH_STAR_IN_ACTION_AND_NOT_RESOURCE',
    action: 'star',
    resource: 'not',
    how: 'With a wildcard as action and `NotResource`',
  },
  {
    suffix: 'WITH_NOT_ACTION_AND_NOT_RESOURCE',
    action: 'not',
    resource: 'not',
    how: 'With `NotAction` and `NotResource`',
  },
]

export const passRoleChecks: readonly Check[] = [passRole, createServiceLinkedRole].flatMap((reach) =>
  forms.map((form) => ({
    code: `${reach.prefix}_${form.suffix}`,
    type: reach.type,
    kinds: ['identity', 'session'] as const,
    find: perStatement(function* (statement): Iterable<Hit> {
      const { effect, resources } = statement
      if (effect !== 'Allow' || resources === undefined || resources.entries.length === 0) return
      if (actionForm(statement, reach.action) !== form.action) return
      if (form.resource === 'not' ? resources.includes : !hasStar(statement)) return
      if (form.resource === 'star' && restrictingKeys(statement).has(reach.guard)) return
      yield hit(`${form.how}, ${reach.risk}.`, resources.cursor)
    }),
  })),
)

function actionForm({ actions }: StatementView, action: string): Form['action'] | undefined {
  if (!coversAction(actions, action)) return undefined
  if (actions?.includes === false) return 'not'
  return actions?.entries.some((entry) => !entry.wild && matchesEntry(entry, action)) ? 'named' : 'star'
}

/** Whether some entry covers roles whose names it does not begin to say. */
function hasStar({ resources }: StatementView): boolean {
  return (
    resources?.includes === true &&
    resources.entries.some(
      ({ text }) => text === '*' || /^arn:[^:]*:(?:iam|\*):[^:]*:[^:]*:(?:\*|role\/\*)$/.test(text),
    )
  )
}
