/**
 * Where something in the configuration is said, and how a complaint about it is worded: file, 1-based line, path, reason.
 * Every check in this room reports through `Findings`, so that all problems of all files come out at once.
 */
import type { JsonNode } from '../policy/json-node.js'
import type { ConfigProblem } from './config.js'

export type Path = readonly (string | number)[]

/** One parsed file, or a text inside one (a policy in JSON within YAML). */
export interface Source {
  /** Relative to the configuration folder. */
  readonly file: string
  /** Plain data without prototypes to trip over; `undefined` when the text could not be read as data. */
  readonly value: unknown
  /** The line of the deepest part of `path` that is there; a member's line is where its name stands. */
  lineOf(path: Path): number | undefined
  /** The column, counted from 1, on the line that `lineOf` gives; absent where nothing was written. */
  readonly columnOf?: (path: Path) => number | undefined
  /** How the text at `path` is written: where its content starts, and whether lines are kept as they are. */
  textStart(path: Path): TextStart | undefined
  /** What is written at `path`, numbers in their own spelling; absent where nothing was written. */
  readonly nodeAt?: (path: Path) => JsonNode | undefined
}

export interface TextStart {
  readonly line: number
  /** Where lines are kept, of each of them. */
  readonly column: number
  readonly verbatim: boolean
}

export interface Place {
  readonly source: Source
  readonly path: Path
}

export interface Findings {
  problem(place: Place, message: string): void
  warning(place: Place, message: string): void
  /** For what has no place in a parsed file: a file that is missing, or cannot be parsed. */
  add(problem: ConfigProblem): void
  /**
   * What stands there could not be used, which was reported; something else may stand in for it so that the rest is
   * judged. Nothing that is found at or below it from now on is kept: it would only follow from the first.
   */
  spoil(place: Place): void
  /** Whether the value at `place`, something in it or something around it could not be used. */
  spoiled(place: Place): boolean
  /** To see whether a step reported anything. */
  problemCount(): number
  /** In the order of files and lines. */
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
}

export const within = (place: Place, ...steps: Path): Place => ({
  source: place.source,
  path: [...place.path, ...steps],
})

/** `roles[3].trustPolicy.Statement[0]`; names that are no plain words are quoted. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    if (!/^[A-Za-z_$][\w$-]*$/.test(step)) return `${text}[${JSON.stringify(step)}]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}

export function createFindings(): Findings {
  const problems: ConfigProblem[] = []
  const warnings: ConfigProblem[] = []
  const spoiled = new Set<string>()
  const aroundSpoiled = new Set<string>()
  const isWithinSpoiled = (place: Place): boolean =>
    spoiled.size > 0 && pathsTo(place).some((path) => spoiled.has(path))
  const said = (place: Place, message: string): ConfigProblem => {
    const line = place.source.lineOf(place.path)
    return {
      file: place.source.file,
      ...(line === undefined ? {} : { line }),
      path: pathText(place.path),
      message,
    }
  }
  return {
    problem(place, message) {
      if (!isWithinSpoiled(place)) problems.push(said(place, message))
    },
    warning(place, message) {
      if (!isWithinSpoiled(place)) warnings.push(said(place, message))
    },
    add: (problem) => void problems.push(problem),
    spoil(place) {
      const paths = pathsTo(place)
      for (const path of paths) aroundSpoiled.add(path)
      const whole = paths.at(-1)
      if (whole !== undefined) spoiled.add(whole)
    },
    spoiled: (place) => isWithinSpoiled(place) || aroundSpoiled.has(pathsTo(place).at(-1) ?? ''),
    problemCount: () => problems.length,
    get problems() {
      return inOrder(problems)
    },
    get warnings() {
      return inOrder(warnings)
    },
  }
}

/** The place and everything around it, the whole file first. */
function pathsTo({ source, path }: Place): readonly string[] {
  const paths = [source.file]
  for (const step of path) paths.push(`${paths.at(-1)}\0${typeof step}${step}`)
  return paths
}

function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const order = (a: ConfigProblem, b: ConfigProblem): number =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : (a.line ?? 0) - (b.line ?? 0)
  return problems.toSorted(order)
}
