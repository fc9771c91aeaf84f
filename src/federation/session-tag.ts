/**
 * What a session tag may look like, whoever asserts it: the service model's constraints on `Tag` of AssumeRole.
 * Reserved and repeated keys are the role room's to refuse.
 */
const key = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u
const value = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u

export const maximumTags = 50

export function isTagKey(text: string): boolean {
  return key.test(text)
}

export function isTagValue(text: string): boolean {
  return value.test(text)
}
