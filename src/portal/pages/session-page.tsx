/** Who am I: the identity that signed in, what trust policies judge it by, and the role in use. */
import type { Assertion } from '../../federation/assertion.js'
import { sessionArn } from '../../role/role-session.js'
import type { SignInSession } from '../../session/sign-in-session.js'
import type { ComponentChildren } from 'preact'
import { PostForm } from './forms.js'
import { ColorDot } from './icons.js'
import { Countdown, Instant } from './instants.js'
import { Layout, type BarRole, type Frame } from './layout.js'

export interface SessionView {
  readonly session: SignInSession
  readonly source: string
  readonly accountName: string
  readonly previous?: BarRole
}

export function SessionPage({ frame, view }: { readonly frame: Frame; readonly view: SessionView }) {
  const { session } = view
  return (
    <Layout frame={frame} title="Who am I">
      <div class="page-head">
        <div>
          <h1>{session.active === undefined ? 'Who am I' : session.active.displayName}</h1>
          <p class="muted">
            {session.active === undefined
              ? 'No role is in use: only the identity that signed in.'
              : `Working in ${view.accountName} as ${session.assertion.displayName}.`}
          </p>
        </div>
      </div>
      <div class="columns">
        {session.active === undefined ? null : <ActiveSession view={view} />}
        <IdentityCard session={session} source={view.source} />
        <ConditionKeys assertion={session.assertion} />
      </div>
    </Layout>
  )
}

function ActiveSession({ view }: { readonly view: SessionView }) {
  const active = view.session.active!
  const { csrfToken } = view.session
  return (
    <section class="card">
      <h2>
        <ColorDot color={active.color} /> Active role session
      </h2>
      <dl>
        <Fact name="ARN">
          <code class="wrap">{sessionArn(active)}</code>
        </Fact>
        <Fact name="Role">
          <code class="wrap">{active.roleArn}</code>
        </Fact>
        <Fact name="Account">
          {view.accountName} <span class="mono">{active.account}</span>
        </Fact>
        <Fact name="Access key id">
          <code>{active.accessKeyId}</code>
        </Fact>
        <Fact name="Issued">
          <Instant at={active.issuedAt} />
        </Fact>
        <Fact name="Expires">
          <Instant at={active.expiresAt} />{' '}
          <span class="badge">
            <Countdown to={active.expiresAt} suffix="left" />
          </span>
        </Fact>
      </dl>
      <div class="actions">
        {view.previous === undefined ? null : (
          <PostForm action="/switchrole/back" csrfToken={csrfToken}>
            <button>Back to {view.previous.displayName}</button>
          </PostForm>
        )}
        <PostForm action="/switchrole/exit" csrfToken={csrfToken}>
          <button>Exit role</button>
        </PostForm>
      </div>
    </section>
  )
}

function IdentityCard({ session, source }: { readonly session: SignInSession; readonly source: string }) {
  const { assertion } = session
  return (
    <section class="card">
      <h2>Signed in as {assertion.displayName}</h2>
      <dl>
        <Fact name="User name">{assertion.username}</Fact>
        {assertion.email === undefined ? null : <Fact name="E-mail">{assertion.email}</Fact>}
        <Fact name="Source">
          {source} <span class="badge">{assertion.kind.toUpperCase()}</span>
        </Fact>
        <Fact name="Issuer">
          <code class="wrap">{assertion.issuer}</code>
        </Fact>
        <Fact name="Subject">
          <code class="wrap">{assertion.subject}</code>
        </Fact>
        <Fact name="Groups">
          {assertion.groups.length === 0 ? (
            'none'
          ) : (
            <ul class="chips">
              {assertion.groups.map((group) => (
                <li>{group}</li>
              ))}
            </ul>
          )}
        </Fact>
        <Fact name="Second factor">{assertion.multiFactor ? 'yes' : 'no'}</Fact>
        <Fact name="Signed in">
          <Instant at={session.createdAt} />
        </Fact>
        <Fact name="Until">
          <Instant at={session.expiresAt} />{' '}
          <span class="badge">
            <Countdown to={session.expiresAt} suffix="left" />
          </span>
        </Fact>
      </dl>
    </section>
  )
}

function ConditionKeys({ assertion }: { readonly assertion: Assertion }) {
  const keys = [...assertion.conditionKeys].sort(([a], [b]) => (a < b ? -1 : 1))
  const tags = [...assertion.tags].map(([key, value]) => [`aws:requesttag/${key}`, value] as const)
  return (
    <section class="card">
      <h2>What trust policies see</h2>
      <table class="keys-table">
        <thead>
          <tr>
            <th scope="col">Condition key</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {[...keys, ...tags].map(([key, value]) => (
            <tr>
              <th scope="row">
                <code class="wrap">{key}</code>
              </th>
              <td>
                {typeof value === 'string' ? (
                  <span class="wrap">{value}</span>
                ) : (
                  <ul class="chips">
                    {value.map((one) => (
                      <li>{one}</li>
                    ))}
                  </ul>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}
