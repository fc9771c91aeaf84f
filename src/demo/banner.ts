/** What `npm start` prints: where to go, who to be, and three commands to paste. */
import { relative } from 'node:path'
import type { RunningDemo } from './demo.js'

/** The role that every demo developer may assume, from every source. */
const account = '777788889999'
const role = 'Developer'
const roleArn = `arn:aws:iam::${account}:role/teams/Developer`

export function demoBanner(publicUrl: string, demo: RunningDemo): string {
  const person = demo.people.find(({ username }) => username === 'grace') ?? demo.people[0]!
  const width = Math.max(...demo.people.map(({ username }) => username.length))
  return [
    '',
    `  Rolegate, demo organisation    ${publicUrl}`,
    '',
    '  Sign in with any of the sources on the page, as',
    ...demo.people.map(
      ({ username, password, groups }) => `    ${username.padEnd(width)}  ${password}   ${groups.join(', ')}`,
    ),
    ...(demo.page.notes ?? []).map((note) => `  (${note})`),
    '',
    '  Three commands to paste into another terminal:',
    '',
    `    bin/rolegate login --server ${publicUrl} && bin/rolegate credentials --account ${account} --role ${role}`,
    '',
    ...(demo.oidc === undefined ? [] : [`    ${awsCommand(publicUrl, demo.oidc.tokenUrl, person)}`, '']),
    ...(demo.saml === undefined ? [] : [`    ${curlCommand(publicUrl, demo.saml.assertionUrl, person)}`, '']),
    `  Ctrl-C stops everything. People and passwords of this installation: ${shown(demo.peopleFile)}`,
    '',
    '',
  ].join('\n')
}

/** As a person in this folder would write it. */
function shown(path: string): string {
  const short = relative('', path)
  return short.startsWith('..') ? path : short
}

interface Person {
  readonly username: string
  readonly password: string
}

function awsCommand(publicUrl: string, tokenUrl: string, { username, password }: Person): string {
  const token = `$(curl -s ${tokenUrl} -d username=${username} -d password=${password} -d audience=rolegate)`
  return [
    'aws sts assume-role-with-web-identity --region eu-central-1',
    `--endpoint-url ${publicUrl}`,
    `--role-arn ${roleArn} --role-session-name ${username}`,
    `--web-identity-token "${token}"`,
  ].join(' ')
}

function curlCommand(publicUrl: string, assertionUrl: string, { username, password }: Person): string {
  const assertion = `$(curl -s ${assertionUrl} -d username=${username} -d password=${password})`
  return [
    `curl ${publicUrl}/sts -d Version=2011-06-15 -d Action=AssumeRoleWithSAML`,
    `-d RoleArn=${roleArn}`,
    `-d PrincipalArn=arn:aws:iam::${account}:saml-provider/demo-saml`,
    `--data-urlencode "SAMLAssertion=${assertion}"`,
  ].join(' ')
}
