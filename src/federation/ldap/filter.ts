/**
 * Search filters from the configuration, with what a stranger typed put in as a value and never as syntax
 * (RFC 4515 section 3).
 */
import { Filter, FilterParser } from 'ldapts'

export type FilterTemplate = (values: Readonly<Record<string, string>>) => Filter

/**
 * @param text RFC 4515 text with `{username}` or `{dn}` where values belong.
 * @throws {Error} when the text is no filter, so that it is noticed at start and not at somebody's sign-in.
 */
export function compileFilter(text: string): FilterTemplate {
  // One pass over the template: a value that itself reads `{dn}` stays what it is.
  const fill: FilterTemplate = (values) =>
    FilterParser.parseString(
      text.replace(/\{(\w+)\}/g, (placeholder, name: string) =>
        Object.hasOwn(values, name) ? Filter.escape(values[name]!) : placeholder,
      ),
    )
  fill({ username: 'name', dn: 'cn=name' })
  return fill
}
