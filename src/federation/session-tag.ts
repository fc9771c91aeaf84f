/**
 * What a session tag and a source identity may look like, whoever asserts them: the service model's constraints on
 * `Tag` and `SourceIdentity` of AssumeRole. Reserved and repeated keys are told apart where tags are put together.
 */
const key = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u
const value = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u
/** Has no colon, so that nothing of this shape begins with the reserved `aws:`. */
const sourceIdentity = /^[\w+=,.@-]{2,64}$/

export const maximumTags = 50

export function isTagKey(text: string): boolean {
  return key.test(text)
}

export function isTagValue(text: string): boolean {
  return value.test(text)
}

export function isSourceIdentity(text: string): boolean {
  return sourceIdentity.test(text)
}
