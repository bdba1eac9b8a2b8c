/** All that runs in the test machine. To import this starts nothing, so the tests outside have the names from here. */
import { processSuite } from "../process-suite.ts";
import { endings } from "./endings.ts";
import { limits } from "./limits.ts";
import type { VmCase } from "./verdict.ts";
import { VmBench } from "./vm-bench.ts";

const suite: VmCase[] = [];
processSuite(
  { test: (name, run) => suite.push({ name, run }) },
  "process in a sandbox and a cgroup",
  {},
  (options) => new VmBench(options),
);

export const cases: readonly VmCase[] = [...limits, ...endings, ...suite];
