/** On the way to a provider that wants its request as a form: the script sends it at once, a person can too. */
import { Layout, type Frame } from './layout.js'

export function DeparturePage(props: {
  readonly frame: Frame
  readonly provider: string
  readonly action: string
  readonly fields: ReadonlyMap<string, string>
}) {
  return (
    <Layout frame={props.frame} title={`Going to ${props.provider}`} narrow>
      <section class="message card">
        <h1>Going to {props.provider}</h1>
        <form method="post" action={props.action} data-submit-at-once>
          {[...props.fields].map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <button class="primary">Continue</button>
        </form>
      </section>
    </Layout>
  )
}
