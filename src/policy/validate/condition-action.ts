/** Checks on keys that only some actions carry. */
import { quoted } from '../reader.js'
import { coversAction } from './action.js'
import { type Check, hit, hitKey, perStatement } from './check.js'
import type { StatementView } from './policy-view.js'

/** In lower case; a statement that grants these together with TagSession and its siblings is the usual form. */
const assumeActions = [
  'sts:assumerole',
  'sts:assumerolewithsaml',
  'sts:assumerolewithwebidentity',
  'sts:assumerolewithldapidentity',
  'sts:assumerolewithlocalidentity',
]
const besides = ['sts:tagsession', 'sts:setsourceidentity', 'sts:setcontext']

/** Key → the actions that carry it. */
const carriers: ReadonlyMap<string, readonly string[]> = new Map([
  ['sts:externalid', ['sts:assumerole', ...besides]],
  ['sts:rolesessionname', [...assumeActions, ...besides]],
  ['sts:durationseconds', ['sts:getservicebearertoken']],
  ['sts:awsservicename', ['sts:getservicebearertoken']],
  ['sts:taskpolicyarn', ['sts:assumeroot']],
  ['sts:identitytokenaudience', ['sts:getwebidentitytoken']],
  ['sts:signingalgorithm', ['sts:getwebidentitytoken']],
  ['iam:passedtoservice', ['iam:passrole']],
  ['iam:associatedresourcearn', ['iam:passrole']],
  ['iam:awsservicename', ['iam:createservicelinkedrole']],
])

export const conditionActionChecks: readonly Check[] = [
  {
    code: 'UNSUPPORTED_ACTION_FOR_CONDITION_KEY',
    type: 'ERROR',
    find: perStatement(function* ({ actions, conditions }) {
      if (actions?.includes !== true) return
      for (const { key, keyName } of conditions) {
        const carrying = actionsWith(key)
        if (carrying === undefined) continue
        const others = actions.entries.filter(({ folded, wild }) => !wild && !carrying.includes(folded))
        if (others.length > 0) {
          yield hit(
            `Not all actions carry ${quoted(keyName)}: move ${quoted(others[0]!.text)} to a statement without it.`,
            ...others.map(({ cursor }) => cursor),
          )
        }
      }
    }),
  },
  {
    code: 'MISSING_ACTION_FOR_CONDITION_KEY',
    type: 'ERROR',
    kinds: ['trust'],
    *find({ statements }) {
      const granted = besides.filter((action) => statements.some((statement) => grants(statement, action)))
      for (const { effect, actions, conditions } of statements) {
        if (effect !== 'Allow' || !assumeActions.some((action) => coversAction(actions, action))) continue
        for (const { key, keyName, operator, cursor } of conditions) {
          const needed = neededFor(key)
          if (needed === undefined || operator.base === 'Null' || granted.includes(needed.action)) continue
          yield hitKey(`${quoted(keyName)} is only filled where \`${needed.name}\` is allowed too.`, cursor)
        }
      }
    },
  },
]

function actionsWith(key: string): readonly string[] | undefined {
  // These three stay with the session and are there in whatever it does.
  const lasting = key === 'saml:sub' || key === 'saml:sub_type' || key === 'saml:namequalifier'
  return key.startsWith('saml:') && !lasting ? ['sts:assumerolewithsaml', ...besides] : carriers.get(key)
}

function neededFor(key: string): { readonly action: string; readonly name: string } | undefined {
  if (key.startsWith('aws:requesttag/') || key === 'aws:tagkeys' || key === 'sts:transitivetagkeys') {
    return { action: 'sts:tagsession', name: 'sts:TagSession' }
  }
  return key === 'sts:sourceidentity'
    ? { action: 'sts:setsourceidentity', name: 'sts:SetSourceIdentity' }
    : undefined
}

function grants({ effect, actions }: StatementView, action: string): boolean {
  return effect === 'Allow' && coversAction(actions, action)
}
