// Runs inside the test machine, whose cgroups (v2) are real. Each verdict is one line.
import { strict as assert } from "node:assert";
import type { Verdict } from "../../../../scripts/lib/vm/boot-vm.mjs";
import { cases } from "./cases.ts";
import { cgroups } from "./vm-bench.ts";

for (const { name, run } of cases) {
  const from = performance.now();
  const error = await run()
    .then(() => assert.deepEqual(cgroups(), [], "a cgroup is left"))
    .then(() => undefined, (thrown: unknown) => String((thrown as Error)?.stack ?? thrown));
  const verdict: Verdict = { name, ms: Math.round(performance.now() - from), ...(error === undefined ? {} : { error }) };
  console.log(JSON.stringify(verdict));
}
