/** What a test runner says about its tests: how many passed and failed, and which failed. */
export class TestCounts {
  passed = 0
  failed = 0
  /** Names of the tests that failed, without the suites around them. */
  failures = []

  /** Takes a line of the output of Node's test runner or of cargo's. */
  read = (line) => {
    const node = /^(?:# |ℹ )(pass|fail|cancelled) (\d+)$/.exec(line)
    if (node) this.#add(node[1] === 'pass' ? node[2] : 0, node[1] === 'pass' ? 0 : node[2])
    const cargo = /^test result: \w+\. (\d+) passed; (\d+) failed;/.exec(line)
    if (cargo) this.#add(cargo[1], cargo[2])
    const name = /^ *not ok \d+ - (.+)$/.exec(line)?.[1] ?? /^test (.+) \.\.\. FAILED$/.exec(line)?.[1]
    if (name) this.failures.push(name)
    // What follows a suite's own line: it failed for the tests in it, which are listed already.
    if (/^ *failureType: 'subtestsFailed'$/.test(line)) this.failures.pop()
  }

  #add(passed, failed) {
    this.passed += Number(passed)
    this.failed += Number(failed)
  }
}

/** Tests that ran and failed. */
export class TestsFailed extends Error {
  name = 'TestsFailed'

  /** @param {TestCounts} counts */
  constructor({ passed, failed, failures }) {
    super(`${failed} failed, ${passed} passed`)
    this.failures = failures
  }
}
