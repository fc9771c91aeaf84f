/** A program on this machine asks, by a browser that it opened, to act for the person. */
import type { CodeRequest } from '../../sso/grants.js'
import { Scopes } from './device-page.js'
import { Decision, PostForm } from './forms.js'
import { Layout, type Frame } from './layout.js'

export function AuthorizePage(props: {
  readonly frame: Frame
  readonly request: CodeRequest
  /** The query as it came, to be judged again when the person has decided. */
  readonly rawQuery: string
  readonly csrfToken: string
}) {
  const { request } = props
  return (
    <Layout frame={props.frame} title="Connect a program" narrow>
      <div class="page-head">
        <div>
          <h1>Let this program act for you?</h1>
          <p class="muted">It will be able to take access keys of every role you may assume.</p>
        </div>
      </div>
      <section class="card">
        <dl>
          <dt>Program</dt>
          <dd class="wrap">{request.clientName}</dd>
          <dt>Waits at</dt>
          <dd class="mono wrap">{new URL(request.redirectUri).host}, on this machine</dd>
          <dt>Wants</dt>
          <dd>
            <Scopes scopes={request.scopes} />
          </dd>
        </dl>
        <PostForm
          action="/authorize"
          csrfToken={props.csrfToken}
          fields={{ request: props.rawQuery }}
          class="stack"
        >
          <p class="muted">Go on only if you started it yourself a moment ago.</p>
          <Decision />
        </PostForm>
      </section>
    </Layout>
  )
}
