/** What the validator says about the policies of a configuration, each finding at the file's own line. */
import type { PolicyKind } from '../policy/document.js'
import type { FindingType } from '../policy/validate/finding.js'
import { validateConfigPolicies } from '../policy/validate/config-policies.js'
import type { ConfigProblem } from './config.js'
import { pathText, type Path } from './place.js'

/** A policy that compiled, and where it was written. */
export interface WrittenPolicy {
  readonly kind: PolicyKind
  /** JSON text, or the value that YAML gave. */
  readonly source: unknown
  readonly file: string
  /** Of the document within its file. */
  readonly path: Path
  lineOf(path: Path): number | undefined
  /** From a line of the text. */
  lineFrom(line: number): number | undefined
}

export interface ReviewedFinding {
  readonly type: FindingType
  readonly problem: ConfigProblem
  /** An error, or a security warning in a trust policy. */
  readonly failsStrict: boolean
}

export function reviewPolicies(policies: readonly WrittenPolicy[]): readonly ReviewedFinding[] {
  return validateConfigPolicies(policies).map(({ policy, finding, path, line, failsStrict }) => {
    const at = line === undefined ? policy.lineOf(path) : policy.lineFrom(line)
    return {
      type: finding.findingType,
      failsStrict,
      problem: {
        file: policy.file,
        ...(at === undefined ? {} : { line: at }),
        path: pathText([...policy.path, ...path]),
        message: `${finding.findingType} ${finding.issueCode}: ${finding.findingDetails}`,
      },
    }
  })
}
