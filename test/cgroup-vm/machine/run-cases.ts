// Runs inside the test machine, whose cgroups (v2) are real. Each verdict is one line.
import { cases } from "./cases.ts";
import { startNode } from "./live-node.ts";

startNode();
for (const [name, run] of Object.entries(cases)) {
  const from = performance.now();
  const error = await run().then(
    () => undefined,
    (thrown: unknown) => String((thrown as Error)?.stack ?? thrown),
  );
  console.log(JSON.stringify({ name, ms: Math.round(performance.now() - from), ...(error === undefined ? {} : { error }) }));
}
process.exit();
