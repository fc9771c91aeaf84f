// `npm test`: everything, with whatever it needs. Further arguments go to jest: `npm test -- test/store`.
import { runChecks, run } from './checks.mjs'
import { runJest } from './jest-run.mjs'
import { providePackages } from './test-packages.mjs'

/** In continuous integration a test that does not run is as bad as one that fails. */
const everyTestMustRun = ['true', '1'].includes(process.env.CI ?? '')
const args = process.argv.slice(2)
const isSelection = args.some((arg) => /^(-t|--testNamePattern)/.test(arg))

process.exitCode = await test()

async function test() {
  if (!providePackages()) return 1
  let content = await runChecks()
  const build = await run('scripts/build.mjs', [])
  if (build.status !== 0) {
    process.stdout.write(`FAILED  build\n${build.output}`)
    return 1
  }
  const { status, report, complaints } = await runJest(args)
  for (const complaint of complaints) process.stdout.write(`FAILED  ${complaint}\n`)
  if (status !== 0 || complaints.length > 0 || report === undefined) content = false
  if (report === undefined) return 1

  const skipped = skippedTests(report)
  for (const { name, hasReason } of skipped) {
    process.stdout.write(`skipped  ${name}${hasReason ? '' : ' — and does not say why'}\n`)
    if (everyTestMustRun || !hasReason) content = false
  }
  if (!content) process.stdout.write('FAILED  see above\n')
  // A file that could not be run has no tests to count, so it counts as one.
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites
  process.stdout.write(`${report.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped\n`)
  return content ? 0 : 1
}

function skippedTests(report) {
  // With a name pattern, what is not selected is reported like what is skipped.
  if (isSelection) return []
  return report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => ['pending', 'todo', 'skipped', 'disabled'].includes(status))
    .map(({ fullName }) => ({ name: fullName, hasReason: /\(skipped: .+\)$/.test(fullName) }))
}
