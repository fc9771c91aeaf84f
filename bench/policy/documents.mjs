/** The same policies in two languages, and the same requests: what a team may do in its own buckets. */
import { compilePolicy } from '../../dist/policy/document.js'

const account = '111122223333'
const actions = ['s3:GetObject', 's3:PutObject', 's3:ListBucket', 's3:DeleteObject', 's3:PutObjectTagging']

/** One document for each team. */
export function documents(count) {
  return Array.from({ length: count }, (_, team) =>
    compiled({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'Use',
          Effect: 'Allow',
          Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
          Resource: `arn:aws:s3:::team-${team}/*`,
          Condition: { StringEquals: { 'aws:PrincipalTag/team': `team-${team}` } },
        },
        { Sid: 'List', Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::team-${team}` },
        {
          Sid: 'Keep',
          Effect: 'Deny',
          Action: 's3:DeleteObject',
          Resource: `arn:aws:s3:::team-${team}/keep/*`,
        },
      ],
    }),
  )
}

/** Everything in the context: Cedar takes twice as long when it has to read entities with attributes. */
export function cedarPolicies(count) {
  return Array.from(
    { length: count },
    (_, team) => `
permit(principal, action in [Action::"s3:GetObject", Action::"s3:PutObject", Action::"s3:DeleteObject"], resource)
when { context.resource like "arn:aws:s3:::team-${team}/*" && context has team && context.team == "team-${team}" };
permit(principal, action == Action::"s3:ListBucket", resource)
when { context.resource == "arn:aws:s3:::team-${team}" };
forbid(principal, action == Action::"s3:DeleteObject", resource)
when { context.resource like "arn:aws:s3:::team-${team}/keep/*" };`,
  ).join('\n')
}

/** Requests of which about half are allowed, each in both forms. */
export function requests(teams, policySetId) {
  const pairs = []
  for (let i = 0; i < 60; i += 1) {
    const team = (i * 7) % teams
    const action = actions[i % actions.length]
    const own = i % 4 !== 3
    const tag = `team-${own ? team : team + 1}`
    const resource = ['file', 'keep/file', 'deep/er/file'][i % 3]
    const arn = `arn:aws:s3:::team-${team}${action === 's3:ListBucket' ? '' : `/${resource}`}`
    pairs.push({
      rolegate: {
        principal: { type: 'user', account, arn: `arn:aws:iam::${account}:user/ann` },
        action,
        resource: arn,
        resourceAccount: account,
        context: new Map([['aws:principaltag/team', tag]]),
      },
      cedar: {
        principal: { type: 'User', id: 'ann' },
        action: { type: 'Action', id: action },
        resource: { type: 'Object', id: 'it' },
        context: { team: tag, resource: arn },
        entities: [],
        preparsedPolicySetId: policySetId,
      },
    })
  }
  return pairs
}

/** Documents about another service, or about the same action and other resources. */
export function bystanders(count, kind) {
  return Array.from({ length: count }, (_, i) =>
    compiled({
      Version: '2012-10-17',
      Statement: Array.from({ length: 5 }, (__, j) => ({
        Effect: j === 4 ? 'Deny' : 'Allow',
        Action:
          kind === 'other actions' ? [`ec2:Do${i}${j}`, `sqs:Get${j}*`] : ['s3:GetObject', 's3:PutObject'],
        Resource: kind === 'other actions' ? '*' : `arn:aws:s3:::other-${i}-${j}/*`,
      })),
    }),
  )
}

export function compiled(source, kind = 'identity', name = kind) {
  const result = compilePolicy(source, kind, name)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.policy
}
