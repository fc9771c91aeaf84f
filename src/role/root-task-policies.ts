/**
 * The five published task policies of AssumeRoot, which every account has: what a session as a member account's root
 * may do. As session policies they are all that it may do, so each says Allow for its task and nothing else.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
 */
import { compilePolicy, type PolicyDocument, type PolicyKind } from '../policy/document.js'
import type { ManagedPolicy } from './managed-policy.js'

const rootUser = 'arn:aws:iam::*:root'
/** The credentials of the root user itself; MFA devices and keys are named apart from it. */
const rootCredentials = [rootUser, 'arn:aws:iam::*:mfa/*']

const tasks = [
  {
    name: 'IAMAuditRootUserCredentials',
    actions: [
      'iam:GetAccessKeyLastUsed',
      'iam:GetAccountSummary',
      'iam:GetLoginProfile',
      'iam:GetUser',
      'iam:ListAccessKeys',
      'iam:ListMFADevices',
      'iam:ListSigningCertificates',
    ],
    // The summary is about the account and has no resource.
    resources: ['*'],
  },
  {
    name: 'IAMCreateRootUserPassword',
    actions: ['iam:CreateLoginProfile', 'iam:GetLoginProfile'],
    resources: [rootUser],
  },
  {
    name: 'IAMDeleteRootUserCredentials',
    actions: [
      'iam:DeactivateMFADevice',
      'iam:DeleteAccessKey',
      'iam:DeleteLoginProfile',
      'iam:DeleteSigningCertificate',
      'iam:DeleteVirtualMFADevice',
      'iam:GetAccessKeyLastUsed',
      'iam:GetLoginProfile',
      'iam:GetUser',
      'iam:ListAccessKeys',
      'iam:ListMFADevices',
      'iam:ListSigningCertificates',
    ],
    resources: rootCredentials,
  },
  {
    name: 'S3UnlockBucketPolicy',
    actions: ['s3:DeleteBucketPolicy', 's3:GetBucketPolicy', 's3:ListAllMyBuckets', 's3:PutBucketPolicy'],
    resources: ['*'],
  },
  {
    name: 'SQSUnlockQueuePolicy',
    actions: ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:ListQueues', 'sqs:SetQueueAttributes'],
    resources: ['*'],
  },
] as const

/** By ARN, e.g. `arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy`. */
export const rootTaskPolicies: ReadonlyMap<string, ManagedPolicy> = new Map(
  tasks.map(({ name, actions, resources }) => {
    const arn = `arn:aws:iam::aws:policy/root-task/${name}`
    const source = {
      Version: '2012-10-17',
      Statement: [{ Sid: name, Effect: 'Allow', Action: actions, Resource: resources }],
    }
    return [
      arn,
      { arn, document: compiled(source, 'identity', arn), asSessionPolicy: compiled(source, 'session', arn) },
    ]
  }),
)

function compiled(source: unknown, kind: PolicyKind, name: string): PolicyDocument {
  const result = compilePolicy(source, kind, name)
  if (!result.ok) throw new TypeError(`the policy ${name} does not compile`)
  return result.policy
}
