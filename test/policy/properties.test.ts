import { describe, expect, it } from '@jest/globals'
import { anything, assert, constantFrom, integer, json, nat, oneof, pre, property, string } from 'fast-check'
import { compilePolicy, type PolicyKind } from '../../src/policy/document.js'
import { evaluate } from '../../src/policy/evaluate.js'
import { describeDecision, explain } from '../../src/policy/explain.js'
import { compiled, compiledLayers } from './compiled.js'
import { createDice, randomRequest, randomRequests, randomStatement } from './random-request.js'
import type { RawLayers, RawPolicy } from './reference.js'

const kinds: readonly PolicyKind[] = [
  'identity',
  'trust',
  'resource',
  'boundary',
  'session',
  'service-control',
  'resource-control',
]

const cases = integer({ min: 0, max: 2 ** 31 - 1 }).map((seed) => ({
  seed,
  ...randomRequest(createDice(seed)),
}))

function mapPolicies(
  layers: RawLayers,
  change: (statements: readonly unknown[]) => readonly unknown[],
): RawLayers {
  const one = (policy: RawPolicy): RawPolicy => ({
    ...policy,
    Statement: change([policy['Statement']].flat()),
  })
  return {
    ...layers,
    identity: layers.identity.map(one),
    ...(layers.resource && { resource: one(layers.resource) }),
    ...(layers.boundary && { boundary: one(layers.boundary) }),
    ...(layers.session && { session: layers.session.map(one) }),
  }
}

const outcomeOf = (request: Parameters<typeof evaluate>[0], layers: RawLayers) =>
  evaluate(request, compiledLayers(layers)).outcome

describe('whatever the policies', () => {
  it('without statements only root may do anything', () => {
    assert(
      property(cases, ({ request, layers }) => {
        const outcome = outcomeOf(
          request,
          mapPolicies(layers, () => []),
        )
        if (request.principal.type !== 'root') expect(outcome).not.toBe('allowed')
      }),
    )
  })

  it('a Deny that matches wins in every layer', () => {
    const deny = { Effect: 'Deny', Action: '*', Resource: '*' }
    const policy = { Version: '2012-10-17', Statement: deny }
    assert(
      property(cases, constantFrom('identity', 'resource', 'boundary', 'session'), (random, layer) => {
        const { request, layers } = random
        const named = { Version: '2012-10-17', Statement: { ...deny, Principal: '*' } }
        const added: RawLayers =
          layer === 'identity'
            ? { ...layers, identity: [...layers.identity, policy] }
            : layer === 'resource'
              ? { ...layers, resource: named, resourceIsTrust: false }
              : layer === 'boundary'
                ? { ...layers, boundary: policy }
                : { ...layers, session: [...(layers.session ?? []), policy] }
        expect(outcomeOf(request, added)).toBe('explicitDeny')
      }),
    )
  })

  it('order and repetition change nothing', () => {
    assert(
      property(cases, ({ request, layers }) => {
        const turned = mapPolicies(layers, (statements) => [...statements, ...statements].reverse())
        const identity = [...turned.identity, ...turned.identity].reverse()
        expect(outcomeOf(request, { ...turned, identity })).toBe(outcomeOf(request, layers))
      }),
    )
  })

  it('one more Deny never grants', () => {
    assert(
      property(cases, nat(), ({ request, layers }, seed) => {
        const extra = { ...randomStatement(createDice(seed), 'identity'), Effect: 'Deny' }
        const policy = { Version: '2012-10-17', Statement: extra }
        pre(compilePolicy(policy, 'identity', 'x').ok)
        const before = outcomeOf(request, layers)
        const after = outcomeOf(request, { ...layers, identity: [...layers.identity, policy] })
        expect(after === before || after === 'explicitDeny').toBe(true)
      }),
    )
  })

  it('one more Allow never denies what was allowed', () => {
    assert(
      property(cases, nat(), ({ request, layers }, seed) => {
        const extra = { ...randomStatement(createDice(seed), 'identity'), Effect: 'Allow' }
        const policy = { Version: '2012-10-17', Statement: extra }
        const before = outcomeOf(request, layers)
        const after = outcomeOf(request, { ...layers, identity: [...layers.identity, policy] })
        if (before !== 'implicitDeny') expect(after).toBe(before)
        else expect(after).not.toBe('explicitDeny')
      }),
    )
  })

  it('taking the Allows out of a layer never grants', () => {
    const withoutAllows = (policy: RawPolicy): RawPolicy => ({
      ...policy,
      Statement: [policy['Statement']]
        .flat()
        .filter((statement) => (statement as RawPolicy)['Effect'] !== 'Allow'),
    })
    const layerNames = ['identity', 'resource', 'boundary', 'session', 'serviceControl'] as const
    assert(
      property(cases, constantFrom(...layerNames), ({ request, layers }, layer) => {
        const { identity, resource, boundary, session, serviceControl } = layers
        const lesser: RawLayers = {
          ...layers,
          ...(layer === 'identity' && { identity: identity.map(withoutAllows) }),
          ...(layer === 'resource' && resource && { resource: withoutAllows(resource) }),
          ...(layer === 'boundary' && boundary && { boundary: withoutAllows(boundary) }),
          ...(layer === 'session' && session && { session: session.map(withoutAllows) }),
          ...(layer === 'serviceControl' &&
            serviceControl && { serviceControl: serviceControl.map((level) => level.map(withoutAllows)) }),
        }
        const before = outcomeOf(request, layers)
        const after = outcomeOf(request, lesser)
        if (before === 'allowed') expect(after).not.toBe('explicitDeny')
        else expect(after).toBe(before)
      }),
      { numRuns: 500 },
    )
  })

  it('a layer of many documents that has judged before is judged as at first sight', () => {
    assert(
      property(integer({ min: 0, max: 2 ** 31 - 1 }), (seed) => {
        const dice = createDice(seed)
        const { requests, layers } = randomRequests(dice, 12)
        const many = Array.from({ length: 30 }, () => ({
          Version: '2012-10-17',
          Statement: [randomStatement(dice, 'identity'), randomStatement(dice, 'identity')],
        }))
        const documents = compiledLayers({ ...layers, identity: [...layers.identity, ...many] })
        for (const request of [...requests, ...requests]) {
          const firstSight = evaluate(request, { ...documents, identity: [...documents.identity] })
          expect(evaluate(request, documents)).toEqual(firstSight)
        }
      }),
    )
  })

  it('a list of documents that changes is judged as it is', () => {
    const policy = (effect: string) => ({
      Version: '2012-10-17',
      Statement: { Effect: effect, Action: '*', Resource: '*' },
    })
    const identity = Array.from({ length: 6 }, () => compiled(policy('Allow'), 'identity'))
    const principal = { type: 'user', account: '1', arn: 'arn:aws:iam::1:user/ann' } as const
    const request = { principal, action: 'a:b', resource: '*', resourceAccount: '1', context: new Map() }
    for (let i = 0; i < 50; i += 1) expect(evaluate(request, { identity }).outcome).toBe('allowed')
    identity[3] = compiled(policy('Deny'), 'identity')
    expect(evaluate(request, { identity }).outcome).toBe('explicitDeny')
  })

  it('the explanation agrees with the decision', () => {
    assert(
      property(cases, ({ request, layers }) => {
        const documents = compiledLayers(layers)
        const decision = evaluate(request, documents)
        const explanation = explain(request, documents)
        expect(explanation.decision).toEqual(decision)
        const matching = explanation.layers.flatMap(({ layer, statements }) =>
          statements
            .filter(({ failed }) => failed === undefined)
            .map(({ policy, statement, effect }) => ({ layer, policy, statement, effect })),
        )
        for (const match of decision.matched) expect(matching).toContainEqual(match)
        const denies = matching.filter(({ effect }) => effect === 'Deny')
        expect(denies.length > 0).toBe(decision.outcome === 'explicitDeny')
        if (denies.length > 0) expect(decision.matched).toHaveLength(denies.length)
        if (decision.outcome === 'implicitDeny') expect(decision.missing).not.toHaveLength(0)
      }),
    )
  })
})

describe('whatever the input', () => {
  it('compiling answers with a policy or with problems', () => {
    assert(
      property(
        anything({ withBigInt: true, withDate: true, withMap: true }),
        constantFrom(...kinds),
        (source, kind) => {
          const result = compilePolicy(source, kind, 'anything')
          if (!result.ok) expect(result.problems).not.toHaveLength(0)
        },
      ),
    )
  })

  it('text is read as JSON.parse reads it, or refused', () => {
    assert(
      property(
        oneof(
          json(),
          string(),
          cases.map(({ layers }) => JSON.stringify(layers.identity[0] ?? {})),
        ),
        (text) => {
          const fromText = compilePolicy(text, 'identity', 'x')
          let parsed: unknown
          try {
            parsed = JSON.parse(text)
          } catch {
            expect(fromText.ok).toBe(false)
            return
          }
          if (typeof parsed !== 'string' && fromText.ok) {
            expect(compilePolicy(parsed, 'identity', 'x').ok).toBe(true)
          }
        },
      ),
    )
  })

  it('a broken document is a problem with a place, never an exception', () => {
    assert(
      property(cases, nat(), string({ maxLength: 3 }), ({ layers }, at, noise) => {
        const text = JSON.stringify(layers.identity[0] ?? { Statement: [] }, undefined, 1)
        const cut = at % (text.length + 1)
        const result = compilePolicy(`${text.slice(0, cut)}${noise}${text.slice(cut + 1)}`, 'identity', 'x')
        for (const { line, column } of result.ok ? [] : result.problems) {
          expect(line).toBeGreaterThan(0)
          expect(column).toBeGreaterThan(0)
        }
      }),
    )
  })

  it('the line for the record is one line and short', () => {
    assert(
      property(
        string({ unit: 'binary', maxLength: 400 }),
        constantFrom('allowed', 'explicitDeny', 'implicitDeny'),
        (name, outcome) => {
          const match = { layer: 'resource', policy: name, statement: name, effect: 'Deny' } as const
          const line = describeDecision({
            outcome,
            matched: Array.from({ length: 9 }, () => match),
            missing: ['identity'],
          })
          // oxlint-disable-next-line no-control-regex -- none of them may come through
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
          expect(line.length).toBeLessThan(1_000)
        },
      ),
    )
  })
})
