/** The JSON body of a request, read field by field: a wrong type is refused by name, an unknown field is ignored. */
import { SsoError } from './errors.js'

export interface JsonBody {
  /** @throws {SsoError} `InvalidRequestException` */
  text(name: string): string
  optionalText(name: string): string | undefined
  texts(name: string): readonly string[]
}

const maxTextLength = 4096
const maxListLength = 20

export function parseJsonBody(body: Buffer): JsonBody {
  const value = parseObject(body)
  function optionalText(name: string): string | undefined {
    const field = value.get(name)
    if (field === undefined || field === null) return undefined
    if (typeof field !== 'string' || field.length > maxTextLength) {
      throw new SsoError(
        'InvalidRequestException',
        `\`${name}\` must be a string of at most ${maxTextLength} characters`,
      )
    }
    return field
  }
  return {
    optionalText,
    text(name) {
      const field = optionalText(name)
      if (field === undefined || field === '')
        throw new SsoError('InvalidRequestException', `\`${name}\` is missing`)
      return field
    },
    texts(name) {
      const field = value.get(name)
      if (field === undefined || field === null) return []
      if (
        !Array.isArray(field) ||
        field.length > maxListLength ||
        !field.every((item): item is string => typeof item === 'string' && item.length <= maxTextLength)
      ) {
        throw new SsoError(
          'InvalidRequestException',
          `\`${name}\` must be a list of at most ${maxListLength} strings`,
        )
      }
      return field
    },
  }
}

function parseObject(body: Buffer): ReadonlyMap<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw new SsoError('InvalidRequestException', 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SsoError('InvalidRequestException', 'the body is not a JSON object')
  }
  return new Map(Object.entries(value))
}
