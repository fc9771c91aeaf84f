/**
 * Condition key → value(s). Keys are lower case, since IAM compares key names without case. A plain string is a
 * single-valued key; an array is a multivalued one, whatever its length.
 */
export type RequestContext = ReadonlyMap<string, ContextValue>

export type ContextValue = string | readonly string[]
