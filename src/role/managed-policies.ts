/**
 * The managed policies that every account has, under the ARNs that AWS gives them: the published purpose of each, in
 * our own statements. AWS's own list services one by one and grow with them; ours name the services below and no
 * others. What is known to hand out credentials or the values of secrets is not among what they read.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html
 */
import { compilePolicy, type PolicyDocument, type PolicyKind } from '../policy/document.js'
import { awsLimits, type PolicyLimits } from '../policy/kind.js'
import type { ManagedPolicy } from './managed-policy.js'

/** 6,144 characters without white space, as session policy, too: it is passed by its ARN. */
export const managedPolicyLimits: PolicyLimits = { ...awsLimits, identity: 6_144, session: 6_144 }

interface StatementText {
  readonly Sid: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Action?: string | readonly string[]
  readonly NotAction?: readonly string[]
  readonly Resource: string
}

/** Compiled anew for every configuration; a few milliseconds. */
export function builtInManagedPolicies(): readonly ManagedPolicy[] {
  return [...builtIn].map(([name, statements]) => {
    const arn = `arn:aws:iam::aws:policy/${name}`
    const compiled = (kind: PolicyKind): PolicyDocument => {
      const text = JSON.stringify({ Version: '2012-10-17', Statement: statements })
      const result = compilePolicy(text, kind, `managed policy ${arn}`, managedPolicyLimits)
      if (!result.ok) throw new Error(`the managed policy ${name} does not compile`)
      return result.policy
    }
    return { arn, document: compiled('identity'), asSessionPolicy: compiled('session') }
  })
}

/** Whether it only serves AssumeRoot and cannot be given to a user or role, as at AWS. */
export const isForRootSessions = (arn: string): boolean =>
  arn.startsWith('arn:aws:iam::aws:policy/root-task/')

const allow = (Sid: string, Action: string | readonly string[], Resource = '*'): StatementText => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
})

/** Services of which ReadOnlyAccess reads whatever starts with Describe, Get or List. */
const readable = (
  'access-analyzer acm application-autoscaling athena autoscaling backup batch budgets ce ' +
  'cloudformation cloudfront cloudtrail cloudwatch codebuild codecommit codedeploy codepipeline ' +
  'config dynamodb ec2 ecr ecs eks elasticache elasticbeanstalk elasticfilesystem ' +
  'elasticloadbalancing es events firehose fsx glacier guardduty health iam inspector2 kafka kinesis ' +
  'kms lambda logs mq network-firewall organizations ram rds resource-groups route53 s3 securityhub ' +
  'servicecatalog servicequotas ses shield sns sqs states tag wafv2 xray'
).split(' ')

/** Services whose Get actions, some of them, hand out credentials, the values of secrets or samples of private data. */
const describable = [
  'cognito-identity',
  'cognito-idp',
  'glue',
  'macie2',
  'redshift',
  'sagemaker',
  'secretsmanager',
  'ssm',
]

const actionsOf = (services: readonly string[], ...verbs: readonly string[]): readonly string[] =>
  services.flatMap((service) => verbs.map((verb) => `${service}:${verb}`))

const reading: readonly string[] = [
  ...actionsOf(readable, 'Describe*', 'Get*', 'List*'),
  ...actionsOf(describable, 'Describe*', 'List*'),
  'cloudtrail:LookupEvents',
  'codebuild:BatchGet*',
  'dynamodb:BatchGetItem',
  'dynamodb:Query',
  'dynamodb:Scan',
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchGetImage',
  'iam:Generate*',
  'iam:Simulate*',
  'logs:FilterLogEvents',
  'logs:StartQuery',
  'sts:GetAccessKeyInfo',
  'sts:GetCallerIdentity',
  // What GET /v1/verify calls a request that reads, when a service says nothing else.
  '*:GET',
  '*:HEAD',
]

/** Services that are about security themselves. */
const security = [
  'access-analyzer',
  'cloudtrail',
  'config',
  'guardduty',
  'iam',
  'inspector2',
  'securityhub',
  'wafv2',
]

const auditing: readonly string[] = [
  ...actionsOf(security, 'Describe*', 'Get*', 'List*'),
  ...actionsOf(
    readable.filter((service) => !security.includes(service)),
    'Describe*',
  ),
  'acm:List*',
  'cloudfront:List*',
  'cloudtrail:LookupEvents',
  'dynamodb:List*',
  'ec2:GetEbsEncryptionByDefault',
  'ecr:GetRepositoryPolicy',
  'ecs:List*',
  'eks:List*',
  'iam:Generate*',
  'iam:Simulate*',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:List*',
  'lambda:GetPolicy',
  'lambda:List*',
  'logs:ListTagsForResource',
  'organizations:List*',
  'route53:List*',
  's3:GetAccountPublicAccessBlock',
  's3:GetBucket*',
  's3:GetEncryptionConfiguration',
  's3:GetLifecycleConfiguration',
  's3:ListAllMyBuckets',
  'secretsmanager:DescribeSecret',
  'secretsmanager:GetResourcePolicy',
  'secretsmanager:ListSecrets',
  'sns:GetTopicAttributes',
  'sns:List*',
  'sqs:GetQueueAttributes',
  'sqs:ListQueues',
  'sts:GetAccessKeyInfo',
  'sts:GetCallerIdentity',
]

const organizationReading: readonly string[] = [
  'organizations:DescribeAccount',
  'organizations:DescribeOrganization',
  'organizations:DescribeOrganizationalUnit',
  'organizations:DescribePolicy',
  'organizations:ListChildren',
  'organizations:ListParents',
  'organizations:ListPolicies',
  'organizations:ListPoliciesForTarget',
  'organizations:ListRoots',
  'organizations:ListTargetsForPolicy',
]

const rootReading: readonly string[] = [
  'iam:GetAccessKeyLastUsed',
  'iam:GetLoginProfile',
  'iam:GetUser',
  'iam:ListAccessKeys',
  'iam:ListMFADevices',
  'iam:ListSigningCertificates',
]

/** The root user of whichever account the session is for; a session of one account reaches no other. */
const root = 'arn:aws:iam::*:root'

/** Path and name → statements. */
const builtIn: ReadonlyMap<string, readonly StatementText[]> = new Map([
  ['AdministratorAccess', [allow('Everything', '*')]],
  [
    'PowerUserAccess',
    [
      {
        Sid: 'AllButIdentities',
        Effect: 'Allow',
        NotAction: ['account:*', 'iam:*', 'organizations:*', 'rolegate:*'],
        Resource: '*',
      },
      allow('ServiceLinkedRoles', [
        'account:GetAccountInformation',
        'account:GetPrimaryEmail',
        'account:ListRegions',
        'iam:CreateServiceLinkedRole',
        'iam:DeleteServiceLinkedRole',
        'iam:ListRoles',
        'organizations:DescribeOrganization',
      ]),
    ],
  ],
  ['ReadOnlyAccess', [allow('Read', reading)]],
  [
    'job-function/ViewOnlyAccess',
    [
      allow('View', [
        ...actionsOf([...readable, ...describable], 'Describe*', 'List*'),
        'cloudtrail:LookupEvents',
        's3:GetBucketLocation',
        'sts:GetCallerIdentity',
      ]),
    ],
  ],
  ['SecurityAudit', [allow('Audit', auditing)]],
  ['AWSDenyAll', [{ Sid: 'Nothing', Effect: 'Deny', Action: '*', Resource: '*' }]],
  ['IAMFullAccess', [allow('Identities', 'iam:*'), allow('Organization', organizationReading)]],
  ['IAMReadOnlyAccess', [allow('Identities', ['iam:Generate*', 'iam:Get*', 'iam:List*', 'iam:Simulate*'])]],
  [
    'root-task/IAMAuditRootUserCredentials',
    [allow('Audit', rootReading, root), allow('Summary', 'iam:GetAccountSummary')],
  ],
  [
    'root-task/IAMCreateRootUserPassword',
    [allow('Password', ['iam:CreateLoginProfile', 'iam:GetLoginProfile'], root)],
  ],
  [
    'root-task/IAMDeleteRootUserCredentials',
    [
      allow(
        'Credentials',
        [
          ...rootReading,
          'iam:DeactivateMFADevice',
          'iam:DeleteAccessKey',
          'iam:DeleteLoginProfile',
          'iam:DeleteSigningCertificate',
        ],
        root,
      ),
    ],
  ],
  [
    'root-task/S3UnlockBucketPolicy',
    [
      allow('BucketPolicy', [
        's3:DeleteBucketPolicy',
        's3:GetBucketPolicy',
        's3:ListAllMyBuckets',
        's3:PutBucketPolicy',
      ]),
    ],
  ],
  [
    'root-task/SQSUnlockQueuePolicy',
    [
      allow('QueuePolicy', [
        'sqs:GetQueueAttributes',
        'sqs:GetQueueUrl',
        'sqs:ListQueues',
        'sqs:SetQueueAttributes',
      ]),
    ],
  ],
])
