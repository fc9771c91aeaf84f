import { describe, expect, it } from '@jest/globals'
import { resourcePath } from '../../src/authz/request-path.js'
import { jsonBeside } from '../support/json.js'

const { named, refused } = jsonBeside<{
  readonly named: readonly (readonly [path: string, resource: string])[]
  readonly refused: readonly string[]
}>(import.meta.url, 'paths.json')

describe('a path', () => {
  it.each(named)('%s names the resource `%s`', (path, resource) => {
    expect(resourcePath(path)).toBe(resource)
  })

  it.each(refused)('%j names none, because somebody could read it as another one', (path) => {
    expect(resourcePath(path)).toBeUndefined()
  })
})
