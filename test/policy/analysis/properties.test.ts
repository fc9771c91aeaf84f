import { describe, expect, it } from '@jest/globals'
import { assert, constantFrom, integer, property } from 'fast-check'
import { type Access, checkAccessNotGranted } from '../../../src/policy/analysis/access-not-granted.js'
import { type Circumstance, circumstancesFor, layersFor } from '../../../src/policy/analysis/circumstance.js'
import { checkNoNewAccess } from '../../../src/policy/analysis/no-new-access.js'
import { checkNoPublicAccess } from '../../../src/policy/analysis/no-public-access.js'
import type { Verdict } from '../../../src/policy/analysis/verdict.js'
import type { Witness } from '../../../src/policy/analysis/witness.js'
import { compilePolicy, type PolicyDocument } from '../../../src/policy/document.js'
import { type AuthorizationRequest, evaluate } from '../../../src/policy/evaluate.js'
import { matchesGlob, globOf, wildcardPieces } from '../../../src/policy/glob.js'
import { createDice, type Dice, randomRequest } from '../random-request.js'
import { changed, type Kind, randomStatements, type RawStatement } from './random-change.js'

const kinds: readonly Kind[] = ['identity', 'resource', 'trust', 'service-control', 'resource-control']
const seeds = integer({ min: 0, max: 2 ** 31 - 1 })
const home = '111122223333'
const away = '444455556666'
const minutes = 60_000

function documentOf(statements: readonly RawStatement[], kind: Kind): PolicyDocument | undefined {
  const result = compilePolicy({ Version: '2012-10-17', Statement: statements }, kind, kind)
  return result.ok ? result.policy : undefined
}

/** A request and everything else that applies to it: only the document in question changes. */
interface Situation {
  readonly request: AuthorizationRequest
  readonly bounded: boolean
  readonly circumstance: Circumstance
}

/** Whoever fills `aws:username` never makes it a list. */
const requests = Array.from({ length: 5_000 }, (_, seed) => randomRequest(createDice(seed)).request).filter(
  ({ context }) => !Array.isArray(context.get('aws:username')),
)
function situationOf(dice: Dice, { kind }: PolicyDocument): Situation {
  const circumstance = dice.one(circumstancesFor(kind))
  const request = dice.one(requests)
  const account = 'account' in request.principal ? request.principal.account : home
  const resourceAccount = (account === home) === (circumstance === 'supported') ? away : home
  return { request: { ...request, resourceAccount }, bounded: dice.chance(0.2), circumstance }
}

function allows(document: PolicyDocument, { request, bounded, circumstance }: Situation): boolean {
  return evaluate(request, layersFor(document, circumstance, bounded)).outcome === 'allowed'
}

/**
 * Whether it is up to the document at all. Root users have no identity policies and everything in their own account;
 * callers without an account have only the resource's policy.
 */
function decides({ kind }: PolicyDocument, { request: { principal }, circumstance }: Situation): boolean {
  if (principal.type === 'root') return kind !== 'identity' && circumstance === 'supported'
  return kind === 'resource' || kind === 'trust' || 'account' in principal
}

function confirmed(document: PolicyDocument, witness: Witness): boolean {
  return evaluate(witness, layersFor(document, witness.circumstance, witness.bounded)).outcome === 'allowed'
}

function witnesses(verdict: Verdict): readonly (Witness | undefined)[] {
  return verdict.result === 'FAIL' ? verdict.reasons.map(({ witness }) => witness) : []
}

describe('no new access', () => {
  it(
    'a PASS holds for every request tried, and a FAIL has a request that is new',
    () => {
      const seen = { PASS: 0, FAIL: 0, tried: 0, allowed: 0, exact: 0, inexact: 0 }
      assert(
        property(seeds, constantFrom(...kinds), (seed, kind) => {
          const dice = createDice(seed)
          const statements = randomStatements(dice, kind)
          const existing = documentOf(statements, kind)
          const proposed = documentOf(changed(dice, kind, statements), kind)
          if (existing === undefined || proposed === undefined) return
          const verdict = checkNoNewAccess(existing, proposed)
          seen[verdict.result] += 1
          for (const witness of witnesses(verdict)) {
            seen[witness?.exact ? 'exact' : 'inexact'] += 1
            if (!witness?.exact) continue
            expect(confirmed(proposed, witness)).toBe(true)
            expect(confirmed(existing, witness)).toBe(false)
          }
          if (verdict.result === 'FAIL') return
          for (let i = 0; i < 70; i += 1) {
            const situation = situationOf(dice, proposed)
            seen.tried += 1
            if (!decides(proposed, situation) || !allows(proposed, situation)) continue
            seen.allowed += 1
            if (!allows(existing, situation)) expect({ existing, proposed, situation }).toBe('no new access')
          }
        }),
        { numRuns: 2_500 },
      )
      expect(seen.tried).toBeGreaterThan(100_000)
      expect(seen.allowed).toBeGreaterThan(10_000)
      expect(seen.exact).toBeGreaterThan(200)
      expect(seen.inexact).toBeLessThan(seen.exact / 20)
    },
    4 * minutes,
  )

  it(
    'a document never grants more than itself, in whatever order its statements are',
    () => {
      assert(
        property(seeds, constantFrom(...kinds), (seed, kind) => {
          const statements = randomStatements(createDice(seed), kind)
          const document = documentOf(statements, kind)
          const turned = documentOf([...statements].reverse(), kind)
          if (document === undefined || turned === undefined) return
          expect(checkNoNewAccess(document, turned).result).toBe('PASS')
        }),
        { numRuns: 300 },
      )
    },
    2 * minutes,
  )

  it(
    'what is new stays new when more is granted',
    () => {
      assert(
        property(seeds, constantFrom(...kinds), (seed, kind) => {
          const dice = createDice(seed)
          const statements = randomStatements(dice, kind)
          const proposed = changed(dice, kind, statements)
          const more = { ...randomStatements(dice, kind)[0], Effect: 'Allow' }
          const [old, smaller, larger] = [statements, proposed, [...proposed, more]].map((each) =>
            documentOf(each, kind),
          )
          if (old === undefined || smaller === undefined || larger === undefined) return
          if (witnesses(checkNoNewAccess(old, smaller)).some((witness) => witness?.exact)) {
            expect(checkNoNewAccess(old, larger).result).toBe('FAIL')
          }
        }),
        { numRuns: 300 },
      )
    },
    2 * minutes,
  )
})

const askedActions = ['s3:GetObject', 's3:*', 's3:Put*', 'kms:*', 'sts:AssumeRole', 'sts:*', '*', 'ec2:?un*']
const askedResources = [
  '*',
  'arn:aws:s3:::b/*',
  'arn:aws:s3:::b/x',
  'arn:aws:kms:*:*:key/*',
  'arn:aws:iam::*:role/app',
]

function isAsked(access: Access, { action, resource }: AuthorizationRequest): boolean {
  const among = (patterns: readonly string[] | undefined, text: string) =>
    patterns === undefined ||
    patterns.some((pattern) => matchesGlob(globOf(wildcardPieces(pattern.toLowerCase())), text.toLowerCase()))
  return among(access.actions, action) && among(access.resources, resource)
}

describe('access not granted', () => {
  it(
    'a PASS holds for every request tried, and a FAIL has a request that is allowed and asked about',
    () => {
      const seen = { PASS: 0, FAIL: 0, tried: 0, exact: 0, inexact: 0 }
      assert(
        property(seeds, constantFrom(...kinds), (seed, kind) => {
          const dice = createDice(seed)
          const document = documentOf(randomStatements(dice, kind), kind)
          if (document === undefined) return
          const access: Access = {
            ...(dice.chance(0.8) && { actions: dice.some(askedActions, 2) }),
            ...(dice.chance(0.5) && { resources: dice.some(askedResources, 2) }),
          }
          const verdict = checkAccessNotGranted(document, [access])
          seen[verdict.result] += 1
          for (const witness of witnesses(verdict)) {
            seen[witness?.exact ? 'exact' : 'inexact'] += 1
            if (!witness?.exact) continue
            expect(confirmed(document, witness)).toBe(true)
            expect(isAsked(access, witness)).toBe(true)
          }
          if (verdict.result === 'FAIL') return
          for (let i = 0; i < 300; i += 1) {
            const situation = situationOf(dice, document)
            if (!decides(document, situation) || !isAsked(access, situation.request)) continue
            seen.tried += 1
            expect(allows(document, situation)).toBe(false)
          }
        }),
        { numRuns: 2_500 },
      )
      expect(seen.tried).toBeGreaterThan(20_000)
      expect(seen.PASS).toBeGreaterThan(500)
      expect(seen.exact).toBeGreaterThan(500)
      expect(seen.inexact).toBeLessThan(seen.exact / 20)
    },
    4 * minutes,
  )
})

describe('no public access', () => {
  it(
    'a PASS lets no stranger in without a trustworthy condition, and a FAIL has a request that gets in',
    () => {
      const seen = { PASS: 0, FAIL: 0, tried: 0, exact: 0, inexact: 0 }
      assert(
        property(seeds, constantFrom<Kind>('resource', 'trust'), (seed, kind) => {
          const dice = createDice(seed)
          const document = documentOf(randomStatements(dice, kind), kind)
          if (document === undefined) return
          const verdict = checkNoPublicAccess(document)
          seen[verdict.result] += 1
          for (const witness of witnesses(verdict)) {
            seen[witness?.exact ? 'exact' : 'inexact'] += 1
            if (witness?.exact) expect(confirmed(document, witness)).toBe(true)
          }
          if (verdict.result === 'FAIL') return
          // No key of the random documents is a trustworthy one.
          for (let i = 0; i < 60; i += 1) {
            const { request, ...situation } = situationOf(dice, document)
            const stranger = { ...request, principal: { type: 'anonymous' } as const }
            seen.tried += 1
            expect(allows(document, { ...situation, request: stranger })).toBe(false)
          }
        }),
        { numRuns: 1_500 },
      )
      expect(seen.tried).toBeGreaterThan(20_000)
      expect(seen.exact).toBeGreaterThan(300)
      expect(seen.inexact).toBeLessThan(seen.exact / 20)
    },
    4 * minutes,
  )
})
