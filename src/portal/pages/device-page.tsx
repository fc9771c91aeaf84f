/** Letting a program on another machine act for the person: type its code, look at who asks, decide. */
import type { PendingDevice } from '../../sso/grants.js'
import { NoticeBox, Decision, PostForm, type Notice } from './forms.js'
import { Instant } from './instants.js'
import { Layout, type Frame } from './layout.js'

export function DeviceCodePage(props: {
  readonly frame: Frame
  readonly userCode: string
  readonly csrfToken: string
  readonly notice?: Notice
}) {
  return (
    <Layout frame={props.frame} title="Connect a program" narrow>
      <div class="page-head">
        <div>
          <h1>Connect a program</h1>
          <p class="muted">Compare with the code that the program shows on its own screen.</p>
        </div>
      </div>
      {props.notice === undefined ? null : <NoticeBox notice={props.notice} />}
      <section class="card">
        <PostForm action="/device" csrfToken={props.csrfToken} class="stack">
          <label>
            <span>Code</span>
            <input
              class="code-input"
              name="user_code"
              value={props.userCode}
              required
              maxLength={16}
              autocomplete="off"
              autocapitalize="characters"
              spellcheck={false}
              placeholder="ABCD-EFGH"
            />
          </label>
          <button class="primary">Continue</button>
        </PostForm>
      </section>
    </Layout>
  )
}

export function DeviceReviewPage(props: {
  readonly frame: Frame
  readonly device: PendingDevice
  /** The address this browser comes from. */
  readonly browserAddress: string
  readonly csrfToken: string
  readonly notice?: Notice
}) {
  const { device } = props
  const elsewhere = device.sourceIp !== props.browserAddress
  return (
    <Layout frame={props.frame} title="Connect a program" narrow>
      <div class="page-head">
        <div>
          <h1>Let this program act for you?</h1>
          <p class="muted">It will be able to take access keys of every role you may assume.</p>
        </div>
      </div>
      {props.notice === undefined ? null : <NoticeBox notice={props.notice} />}
      {elsewhere ? (
        <NoticeBox
          notice={{
            tone: 'warn',
            text: 'The program runs at another address than this browser. Go on only if you started it there yourself.',
          }}
        />
      ) : null}
      <section class="card">
        <dl>
          <dt>Code</dt>
          <dd class="code-shown">{device.userCode}</dd>
          <dt>Program</dt>
          <dd class="wrap">{device.clientName}</dd>
          <dt>Asked from</dt>
          <dd class="mono">{device.sourceIp}</dd>
          <dt>Asked at</dt>
          <dd>
            <Instant at={device.requestedAt} />
          </dd>
          <dt>Wants</dt>
          <dd>
            <Scopes scopes={device.scopes} />
          </dd>
        </dl>
        <PostForm
          action="/device"
          csrfToken={props.csrfToken}
          fields={{ user_code: device.userCode }}
          class="stack"
        >
          <label class="check">
            <input type="checkbox" name="confirmed" value="yes" />
            <span>I started this program myself, and it shows this code.</span>
          </label>
          <Decision />
        </PostForm>
      </section>
    </Layout>
  )
}

const scopeTexts: Readonly<Record<string, string>> = {
  'sso:account:access': 'See your accounts and roles, and take their access keys',
}

export function Scopes({ scopes }: { readonly scopes: readonly string[] }) {
  if (scopes.length === 0) return <>{scopeTexts['sso:account:access']}</>
  return (
    <ul class="plain">
      {scopes.map((scope) => (
        <li>
          {scopeTexts[scope] ?? ''} <code class="wrap">{scope}</code>
        </li>
      ))}
    </ul>
  )
}
