/**
 * Condition keys that exist wherever Rolegate's policies are judged, with their type: the global ones, those of STS
 * and IAM, and those that identity providers fill. Keys of other services need AWS's catalogue and are not here.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
 */
export type KeyType = 'string' | 'arn' | 'bool' | 'date' | 'epoch' | 'number' | 'address'

export interface KnownKey {
  readonly type: KeyType
  readonly multivalued: boolean
}

const single = (type: KeyType): KnownKey => ({ type, multivalued: false })
const multi = (type: KeyType): KnownKey => ({ type, multivalued: true })
const named = (names: string, key: KnownKey): [string, KnownKey][] =>
  names
    .toLowerCase()
    .split(/\s+/)
    .map((name) => [name, key])

const keys: ReadonlyMap<string, KnownKey> = new Map([
  ...named(
    `aws:CalledViaFirst aws:CalledViaLast aws:Ec2InstanceSourceVpc aws:FederatedProvider aws:PrincipalAccount
     aws:PrincipalOrgID aws:PrincipalServiceName aws:PrincipalType aws:Referer aws:RequestedRegion
     aws:ResourceAccount aws:ResourceOrgID aws:SourceAccount aws:SourceIdentity aws:SourceOrgID aws:SourceOwner aws:SourceVpc
     aws:SourceVpce aws:UserAgent aws:userid aws:username aws:VpceAccount aws:VpceOrgID`,
    single('string'),
  ),
  ...named(
    `aws:CalledVia aws:PrincipalOrgPaths aws:PrincipalServiceNamesList aws:ResourceOrgPaths aws:SourceOrgPaths
     aws:TagKeys aws:VpceOrgPaths`,
    multi('string'),
  ),
  ...named(
    'aws:ChatbotSourceArn aws:PrincipalArn aws:SignInSessionArn aws:SourceArn aws:SourceVpcArn',
    single('arn'),
  ),
  ...named('aws:Ec2InstanceSourcePrivateIPv4 aws:SourceIp aws:VpcSourceIp', single('address')),
  ...named(
    `aws:AssumedRoot aws:IsMcpServiceAction aws:MultiFactorAuthPresent aws:PrincipalIsAWSService
     aws:SecureTransport aws:ViaAWSService aws:ViaAWSMCPService`,
    single('bool'),
  ),
  ...named('aws:CurrentTime aws:TokenIssueTime', single('date')),
  ...named('aws:EpochTime', single('epoch')),
  ...named('aws:MultiFactorAuthAge', single('number')),
  ...named(
    `sts:AWSServiceName sts:ExternalId sts:IdentityTokenAudience sts:RoleSessionName sts:SigningAlgorithm
     sts:SourceIdentity`,
    single('string'),
  ),
  ...named('sts:TransitiveTagKeys', multi('string')),
  ...named('sts:RequestContextProviders', multi('arn')),
  ...named('sts:RoleAuthorizedByIdp sts:TaskPolicyArn', single('arn')),
  ...named('sts:DurationSeconds', single('number')),
  ...named(
    `iam:AWSServiceName iam:DelegationDuration iam:DelegationRequestOwner iam:FIDO-certification iam:FIDO-FIPS-140-2-certification
     iam:FIDO-FIPS-140-3-certification iam:NotificationChannel iam:OrganizationsPolicyId iam:PassedToService iam:RegisterSecurityKey
     iam:ServiceSpecificCredentialServiceName`,
    single('string'),
  ),
  ...named('iam:AssociatedResourceArn iam:PermissionsBoundary iam:PolicyARN iam:TemplateArn', single('arn')),
  ...named('iam:ServiceSpecificCredentialAgeDays', single('number')),
  ...named(
    `saml:aud saml:doc saml:iss saml:namequalifier saml:sub saml:sub_type saml:eduPersonOrgDN
     saml:eduPersonPrimaryAffiliation saml:eduPersonPrimaryOrgUnitDN saml:eduPersonPrincipalName`,
    single('string'),
  ),
  ...named(
    `saml:cn saml:commonName saml:eduOrgHomePageURI saml:eduOrgIdentityAuthNPolicyURI saml:eduOrgLegalName
     saml:eduOrgSuperiorURI saml:eduOrgWhitePagesURI saml:eduPersonAffiliation saml:eduPersonAssurance
     saml:eduPersonEntitlement saml:eduPersonNickname saml:eduPersonOrgUnitDN saml:eduPersonScopedAffiliation
     saml:eduPersonTargetedID saml:givenName saml:groups saml:mail saml:name saml:organizationStatus
     saml:primaryGroupSID saml:surname saml:uid saml:x500UniqueIdentifier`,
    multi('string'),
  ),
  ...named('ldap:dn ldap:username local:username', single('string')),
  ...named('ldap:groups local:groups', multi('string')),
])

/** Those that end in `/` and a name: a tag's key, a context's. */
const families: readonly string[] = [
  'aws:principaltag/',
  'aws:requesttag/',
  'aws:resourcetag/',
  'iam:resourcetag/',
  'sts:requestcontext/',
]

/** @param key In lower case. */
export function knownKey(key: string): KnownKey | undefined {
  if (isClaim(key)) {
    const claim = key.slice(key.lastIndexOf(':') + 1)
    if (claim === 'amr' || claim === 'groups') return multi('string')
    return claim === 'aud' || claim === 'sub' || claim === 'email' ? single('string') : undefined
  }
  return keys.get(key) ?? (families.some((family) => key.startsWith(family)) ? single('string') : undefined)
}

/** A key that lacks the part behind the slash. */
export function isFamilyWithoutName(key: string): boolean {
  return families.includes(key) || families.includes(`${key}/`)
}

/**
 * `<issuer without its scheme>:<claim>`: what an OpenID provider says. Told from other services' keys by the dot, the
 * slash or the port in its first part.
 */
export function isClaim(key: string): boolean {
  const colon = key.indexOf(':')
  if (colon < 0) return false
  const first = key.slice(0, colon)
  return (
    /[./]/.test(first) || first === 'localhost' || /^[0-9]{1,5}[:/]/.test(key.slice(colon + 1, colon + 7))
  )
}

/** Services of whose keys this knows all; those of identity providers can be extended by the configuration. */
export function isWholeService(service: string): boolean {
  return service === 'sts' || service === 'iam'
}
