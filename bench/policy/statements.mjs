/** What compiled statements take in memory, by what they look like. */
import { compilePolicy } from '../../dist/policy/document.js'
import { awsLimits } from '../../dist/policy/kind.js'
import { heapBytes, print, row } from './rates.mjs'

const shapes = {
  'one action, any resource': (i) => ({ Effect: 'Allow', Action: `s3:Do${i}`, Resource: '*' }),
  'three actions, two resources': (i) => ({
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:PutObject', `s3:Do${i}`],
    Resource: [`arn:aws:s3:::bucket-${i}`, `arn:aws:s3:::bucket-${i}/*`],
  }),
  'the same and two conditions': (i) => ({
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:PutObject', `s3:Do${i}`],
    Resource: [`arn:aws:s3:::bucket-${i}`, `arn:aws:s3:::bucket-${i}/*`],
    Condition: {
      StringEquals: { 'aws:PrincipalTag/team': `team-${i}` },
      IpAddress: { 'aws:SourceIp': '10.0.0.0/8' },
    },
  }),
}

export function bytesPerStatement() {
  print('Bytes of a compiled statement, its share of the document included (20 a document)')
  for (const [shape, statement] of Object.entries(shapes)) print(row(shape, bytesOf(statement).toFixed(0)))
  print()
}

function bytesOf(statement) {
  const roomy = { ...awsLimits, identity: 100_000 }
  const texts = Array.from({ length: 500 }, (_, i) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: Array.from({ length: 20 }, (__, j) => statement(i * 20 + j)),
    }),
  )
  const before = heapBytes()
  const kept = texts.map((text) => compilePolicy(text, 'identity', 'bench', roomy))
  const bytes = (heapBytes() - before) / (kept.length * 20)
  if (!kept.every(({ ok }) => ok)) throw new Error('a shape does not compile')
  return bytes
}
