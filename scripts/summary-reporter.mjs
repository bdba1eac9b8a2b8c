/**
 * Prints what CI reads: one closing line `N passed, N failed, N skipped`.
 * With CI=true a skipped test fails the run.
 */
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    this.skippedInCi = process.env.CI === "true" && skipped > 0;
    if (this.skippedInCi) {
      for (const suite of results.testResults)
        for (const test of suite.testResults)
          if (test.status === "pending" || test.status === "todo") console.error(`skipped: ${test.fullName}`);
    }
    for (const suite of results.testResults)
      for (const test of suite.testResults)
        if ((test.invocations ?? 1) > 1) console.error(`needed a second try: ${test.fullName}`);
    console.log(`\n${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
  }

  getLastError() {
    return this.skippedInCi ? new Error("CI forbids skipping tests.") : undefined;
  }
}
