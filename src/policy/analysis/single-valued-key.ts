/**
 * Keys that every request has once at most, because the broker or the service fills them and not the caller. For all
 * other keys the checks reckon with a list of values as well.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
const singleValued: ReadonlySet<string> = new Set([
  'aws:currenttime',
  'aws:epochtime',
  'aws:securetransport',
  'aws:useragent',
  'aws:referer',
  'aws:requestedregion',
  'aws:viaawsservice',
  'aws:calledviafirst',
  'aws:calledvialast',
  'aws:username',
  'aws:userid',
  'aws:principaltype',
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:principalisawsservice',
  'aws:principalservicename',
  'aws:federatedprovider',
  'aws:sourceidentity',
  'aws:tokenissuetime',
  'aws:multifactorauthpresent',
  'aws:multifactorauthage',
  'aws:assumedroot',
  'aws:resourceaccount',
  'aws:resourceorgid',
  'aws:sourceip',
  'aws:vpcsourceip',
  'aws:sourcevpc',
  'aws:sourcevpcarn',
  'aws:sourcevpce',
  'aws:vpceaccount',
  'aws:vpceorgid',
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:sourceorgid',
  'aws:sourceowner',
  'kms:calleraccount',
  'sts:externalid',
  'sts:rolesessionname',
  'sts:sourceidentity',
])

/** @param key Lower case. */
export function isSingleValued(key: string): boolean {
  return singleValued.has(key) || /^aws:(principal|request|resource)tag\//.test(key)
}
