import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { parseForm, type ParsedForm, type QueryForm } from '../../src/sts/query-form.js'

const contentType = 'application/x-www-form-urlencoded'
const parse = (body: string, rawQuery = ''): ParsedForm =>
  parseForm({ rawQuery, contentType, body: Buffer.from(body, 'latin1') })

function formOf(body: string, rawQuery = ''): QueryForm {
  const parsed = parse(body, rawQuery)
  if (!parsed.ok) throw new Error(parsed.refusal.message)
  return parsed.form
}

const name = fc.stringMatching(/^[A-Z][A-Za-z0-9]{0,12}$/)
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const parameters = fc
  .uniqueArray(fc.tuple(name, text), { selector: ([key]) => key.toLowerCase(), maxLength: 12 })
  .map((pairs) => new Map(pairs))

describe('a form', () => {
  it('comes back as clients write it, with %20 or + for a blank, from body or URL', () => {
    fc.assert(
      fc.property(parameters, (given) => {
        const plus = new URLSearchParams([...given]).toString()
        const percent = [...given].map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')
        for (const form of [formOf(plus), formOf(percent), formOf('', plus)])
          for (const [key, value] of given) expect(form.get(key)).toBe(value)
      }),
    )
  })

  it('says of every parameter whether it came in the body', () => {
    fc.assert(
      fc.property(parameters, fc.nat(12), (given, cut) => {
        const pairs = [...given]
        const [inUrl, inBody] = [pairs.slice(0, cut), pairs.slice(cut)]
        const form = formOf(new URLSearchParams(inBody).toString(), new URLSearchParams(inUrl).toString())
        for (const [key] of inUrl) expect(form.inBody(key)).toBe(false)
        for (const [key] of inBody) expect(form.inBody(key)).toBe(true)
      }),
    )
  })

  it('keeps the order of lists whatever the order on the wire', () => {
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 30 }),
        fc.infiniteStream(fc.nat()),
        (values, order) => {
          const shuffled = values
            .map((value, index) => ({
              pair: [`Keys.member.${index + 1}`, value],
              at: order.next().value as number,
            }))
            .sort((one, other) => one.at - other.at)
          const body = new URLSearchParams(shuffled.map(({ pair }) => pair as [string, string])).toString()
          expect(formOf(body).list('Keys')).toEqual(values.map((value) => value))
        },
      ),
    )
  })

  it('is a form or a refusal, whatever the bytes', () => {
    const soup = fc.string({
      unit: fc.constantFrom(...'Aa1.=&%+;_-\u00c3\u00a9\u0000/member'.split('')),
      maxLength: 60,
    })
    fc.assert(
      fc.property(soup, soup, (body, query) => {
        const parsed = parse(body, query)
        if (!parsed.ok) expect(parsed.refusal.code).toBe('MalformedQueryString')
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['Tags=', []],
    ['Tags', []],
    ['Other=1', []],
    ['Tags.member.1=', ['']],
    ['Tags.member.2=b&Tags.member.1=a', ['a', 'b']],
  ])('%s is the list %j', (body, list) => {
    expect(formOf(body).list('Tags')).toEqual(list)
  })

  it.each([
    'A=1&A=1',
    'A=1&a=2',
    'Tags.member.0=a',
    'Tags.member.01=a',
    'Tags.member.1=a&Tags.member.3=c',
    'Tags.member.-1=a',
    'Tags.member.10000=a',
    'Tags.member.=a',
    '=a',
    'A B=1',
    'A=%',
    'A=%zz',
    'A=%ff',
    '__proto__%00=1',
    `${'A'.repeat(129)}=1`,
    Array.from({ length: 1001 }, (_, index) => `A${index}=1`).join('&'),
  ])('STS-51: is refused when two readers could disagree: %s', (body) => {
    expect(parse(body)).toMatchObject({ ok: false, refusal: { code: 'MalformedQueryString' } })
    if (body.length < 8000) expect(parse('', body)).toMatchObject({ ok: false })
  })

  it('refuses a parameter that stands in the URL and in the body', () => {
    expect(parse('RoleArn=a', 'rolearn=b')).toMatchObject({
      ok: false,
      refusal: { reason: 'sts:duplicate-parameter' },
    })
  })

  it('takes what presigning adds to the URL for no parameter of the action', () => {
    expect(formOf('', 'X-Amz-Date=20260102T030405Z&Action=A').get('X-Amz-Date')).toBeUndefined()
  })

  it('knows inherited names of objects as nothing special', () => {
    const form = formOf('constructor=1&__proto__=2&toString.member.1=x')
    expect([form.get('constructor'), form.get('__proto__'), form.get('hasOwnProperty')]).toEqual([
      '1',
      '2',
      undefined,
    ])
    expect(form.list('toString')).toEqual(['x'])
    expect(form.list('valueOf')).toEqual([])
  })

  it.each(['text/plain', 'application/json', '', 'application/x-www-form-urlencodedx'])(
    'is not read from a body of type %j',
    (type) => {
      const parsed = parseForm({ rawQuery: '', contentType: type, body: Buffer.from('A=1') })
      expect(parsed).toMatchObject({ ok: false, refusal: { code: 'UnsupportedMediaType' } })
    },
  )
})
