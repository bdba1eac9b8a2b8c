// Runs inside the test machine, whose cgroups (v2) are real. Each verdict is one line.
import { strict as assert } from "node:assert";
import { cases } from "./cases.ts";
import type { Verdict } from "./verdict.ts";
import { cgroups } from "./vm-bench.ts";

for (const { name, run } of cases) {
  const from = performance.now();
  const error = await run()
    .then(() => assert.deepEqual(cgroups(), [], "a cgroup is left"))
    .then(() => undefined, (thrown: unknown) => String((thrown as Error)?.stack ?? thrown));
  const verdict: Verdict = { name, ms: Math.round(performance.now() - from), ...(error === undefined ? {} : { error }) };
  console.log(JSON.stringify(verdict));
}
