// What only real cgroups (v2) can show, on a small machine of its own with a kernel of its own.
import { beforeAll, describe, expect, test } from "@jest/globals";
import type { VmRun } from "../../../scripts/lib/vm/boot-vm.mjs";
import { missingForVm, runInVm } from "../../../scripts/lib/vm/build-vm.mjs";
import { cases } from "./vm/cases.ts";
import { copySources } from "./vm/copy-sources.ts";

const LIMIT_MS = 300_000;

const missing = await missingForVm();
if (missing.length > 0) console.warn(`SKIPPED, NOT TESTED: tests of cgroups (v2) boot a machine of their own, which needs ${missing.join(", ")}`);

(missing.length > 0 ? describe.skip : describe)("on a machine with cgroup v2", () => {
  let vm: VmRun;

  beforeAll(async () => {
    vm = await runInVm({ cases: "packages/executor-process/test/vm", fill: copySources, limitMs: LIMIT_MS });
  }, LIMIT_MS + 30_000);

  test.each(cases.map(({ name }) => name))("%s", (name) => {
    const verdict = vm.verdicts.find((candidate) => candidate.name === name);
    expect(verdict ?? `no verdict; the console said:\n${vm.console.slice(-4_000)}`).toEqual({ name, ms: expect.any(Number) });
  });
});
