import { describe, expect, it } from '@jest/globals'
import { compileYamlPolicy } from '../../src/config/yaml-policy.js'
import { evaluate } from '../../src/policy/evaluate.js'
import { compilePolicy } from '../../src/policy/document.js'

const yaml = `
Version: '2012-10-17'
Statement:
  - Sid: Read
    Effect: Allow
    Action: [s3:Get*, s3:List*]
    Resource: '*'
    Condition:
      StringEquals: { 'aws:PrincipalTag/level': 1.10 }
      Bool: { 'aws:SecureTransport': true }
`
const json = `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":["s3:Get*","s3:List*"],
  "Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/level":1.10},"Bool":{"aws:SecureTransport":true}}}]}`

function problemsOf(text: string) {
  const compiled = compileYamlPolicy(text, 'identity', 'test')
  return compiled.ok
    ? []
    : compiled.problems.map(({ code, path, line, column }) => `${line}:${column} ${code} ${path}`)
}

describe('a policy in YAML', () => {
  it('means what the same policy means in JSON, numbers in their own spelling', () => {
    const fromYaml = compileYamlPolicy(yaml, 'identity', 'p')
    const fromJson = compilePolicy(json, 'identity', 'p')
    for (const compiled of [fromYaml, fromJson]) {
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
      const [statement] = compiled.policy.statements
      expect(statement?.conditions.map(({ wanted }) => wanted)).toEqual([['1.10'], ['true']])
      const asked = (level: string) =>
        evaluate(
          {
            principal: { type: 'user', account: '111122223333', arn: 'arn:aws:iam::111122223333:user/ann' },
            action: 's3:GetObject',
            resource: 'arn:aws:s3:::b/k',
            resourceAccount: '111122223333',
            context: new Map([
              ['aws:principaltag/level', level],
              ['aws:securetransport', 'true'],
            ]),
          },
          { identity: [compiled.policy] },
        ).outcome
      expect([asked('1.10'), asked('1.1')]).toEqual(['allowed', 'implicitDeny'])
    }
  })

  it('says every problem at its line and column', () => {
    expect(
      problemsOf(
        [
          "Version: '2012-10-17'",
          'Statement:',
          '  - Effect: allow',
          '    Action: GetObject',
          "    Resource: '*'",
          '    Colour: red',
        ].join('\n'),
      ),
    ).toEqual([
      '6:13 INVALID_POLICY_ELEMENT $.Statement[0].Colour',
      '3:13 INVALID_EFFECT $.Statement[0].Effect',
      '4:13 INVALID_ACTION $.Statement[0].Action',
    ])
  })

  it.each([
    [
      'a repeated name',
      "Version: '2012-10-17'\nStatement: []\nStatement: []",
      '3:1 YAML_SYNTAX_ERROR $["Statement"]',
    ],
    ['a broken list', 'Statement: [', '1:13 YAML_SYNTAX_ERROR $'],
    ['a tag', 'Statement: !!set {}', '1:18 YAML_SYNTAX_ERROR $["Statement"]'],
    ['nothing', '', '1:1 MISSING_STATEMENT $'],
    ['a list', '- a', '1:1 DATA_TYPE_MISMATCH $'],
    ['too many levels', `Statement: ${'['.repeat(20)}${']'.repeat(20)}`, '1:1 NESTED_TOO_DEEP $'],
  ])('refuses %s', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })

  it('reads aliases as what they stand for, and counts their size', () => {
    const statement = '&s { Effect: Allow, Action: "s3:*", Resource: "*" }'
    const aliased = `Version: '2012-10-17'\nStatement: [${statement}${', *s'.repeat(9)}]`
    const compiled = compileYamlPolicy(aliased, 'identity', 'p')
    expect(compiled.ok && compiled.policy.statements).toHaveLength(10)
    const many = `Version: '2012-10-17'\nStatement: [${statement}${', *s'.repeat(300)}]`
    expect(problemsOf(many)).toEqual(['1:1 POLICY_SIZE_EXCEEDED $'])
  })

  it('finds lines behind a byte order mark', () => {
    expect(problemsOf('\uFEFFStatement: 1')).toEqual(['1:12 DATA_TYPE_MISMATCH $.Statement'])
  })
})
