/** What an identity provider may call a session of its own, so that it can be kept and looked up. */
const printable = /^[\x20-\x7e]{1,256}$/

/** 1 to 256 printable ASCII characters; compared as they are. */
export function isProviderSession(value: unknown): value is string {
  return typeof value === 'string' && printable.test(value)
}
