/** The form behind `/switchrole` links. A link fills it in; only a person's own submit switches. */
import type { Account, Role } from '../../role/role.js'
import { NoticeBox, PostForm, type Notice } from './forms.js'
import { ColorDot } from './icons.js'
import { Layout, type Frame } from './layout.js'

export interface SwitchRoleView {
  readonly values: SwitchRoleValues
  readonly problems: Partial<Record<keyof SwitchRoleValues, string>>
  readonly notice?: Notice
  readonly csrfToken: string
  /** For the fields' suggestions. */
  readonly choices: readonly { readonly account: Account; readonly role: Role }[]
}

/** As in the query of AWS's link; `color` is six hex digits without `#`, or empty. */
export interface SwitchRoleValues {
  readonly account: string
  readonly roleName: string
  readonly displayName: string
  readonly color: string
}

/** The palette of AWS's own page. */
const palette: readonly (readonly [name: string, color: string])[] = [
  ['Red', 'f2b0a9'],
  ['Orange', 'fbbf93'],
  ['Yellow', 'fad791'],
  ['Green', 'b7ca9d'],
  ['Blue', '99bce3'],
]

export function SwitchRolePage({ frame, view }: { readonly frame: Frame; readonly view: SwitchRoleView }) {
  const { values, problems } = view
  const accounts = new Map(view.choices.map(({ account }) => [account.id, account]))
  const roleNames = [...new Set(view.choices.map(({ role }) => role.name))]
  return (
    <Layout frame={frame} title="Switch role" narrow>
      <div class="page-head">
        <div>
          <h1>Switch role</h1>
          <p class="muted">
            Work as a role in another account. It is always the identity you signed in with that is judged,
            never the role you are using now.
          </p>
        </div>
      </div>
      {view.notice === undefined ? null : <NoticeBox notice={view.notice} />}
      <section class="card">
        <PostForm action="/switchrole" csrfToken={view.csrfToken} class="stack">
          <TextField
            name="account"
            label="Account"
            hint="12 digits, or the account's alias"
            value={values.account}
            problem={problems.account}
            list="accounts"
            maxLength={63}
            required
          />
          <TextField
            name="roleName"
            label="Role"
            hint="Name; its path may be left out"
            value={values.roleName}
            problem={problems.roleName}
            list="role-names"
            maxLength={576}
            required
          />
          <TextField
            name="displayName"
            label="Shown as"
            hint="Optional; up to 64 characters"
            value={values.displayName}
            problem={problems.displayName}
            maxLength={64}
          />
          <Colors
            chosen={problems.color === undefined ? values.color.toLowerCase() : ''}
            problem={problems.color}
          />
          <datalist id="accounts">
            {[...accounts.values()].map((account) => (
              <option value={account.id}>{account.name}</option>
            ))}
          </datalist>
          <datalist id="role-names">
            {roleNames.map((name) => (
              <option value={name} />
            ))}
          </datalist>
          <div class="actions">
            <button class="primary">Switch role</button>
            <a class="button" href="/accounts">
              Cancel
            </a>
          </div>
        </PostForm>
      </section>
    </Layout>
  )
}

function TextField(props: {
  readonly name: keyof SwitchRoleValues
  readonly label: string
  readonly hint: string
  readonly value: string
  readonly problem: string | undefined
  readonly list?: string
  readonly maxLength: number
  readonly required?: boolean
}) {
  const { name, problem } = props
  return (
    <label>
      <span>{props.label}</span>
      <input
        name={name}
        value={props.value}
        list={props.list}
        maxLength={props.maxLength}
        required={props.required}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        aria-describedby={`${name}-hint`}
        aria-invalid={problem === undefined ? undefined : 'true'}
      />
      <small id={`${name}-hint`} class={problem === undefined ? 'hint' : 'hint problem'}>
        {problem ?? props.hint}
      </small>
    </label>
  )
}

function Colors({ chosen, problem }: { readonly chosen: string; readonly problem: string | undefined }) {
  const known = chosen === '' || palette.some(([, color]) => color === chosen)
  const offered = known ? palette : [...palette, ['As given', chosen] as const]
  return (
    <fieldset class="colors">
      <legend>Colour</legend>
      <Color name="None" color="" checked={chosen === ''} />
      {offered.map(([name, color]) => (
        <Color name={name} color={color} checked={color === chosen} />
      ))}
      {problem === undefined ? null : <small class="hint problem">{problem}</small>}
    </fieldset>
  )
}

function Color({
  name,
  color,
  checked,
}: {
  readonly name: string
  readonly color: string
  readonly checked: boolean
}) {
  return (
    <label>
      <input type="radio" name="color" value={color} checked={checked} />
      <ColorDot color={color === '' ? undefined : `#${color}`} />
      <span>{name}</span>
    </label>
  )
}
