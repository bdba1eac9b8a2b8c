/** Looks at itself in the process table when no descriptor is left, and says what came of it. */
import { openSync } from "node:fs";
import { processStat } from "../src/process-table.ts";

const codeOf = (work: () => unknown): string => {
  try {
    return `found ${JSON.stringify(work())}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
};
while (codeOf(() => openSync("/dev/null", "r")) !== "EMFILE");
process.stdout.write(`${codeOf(() => processStat(process.pid))}\n`);
