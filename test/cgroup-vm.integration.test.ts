/**
 * A whole node and the command line where cgroups (v2) are real: `coxswaind` and `cox` as they are built, on a small
 * machine with a kernel of its own.
 */
import { beforeAll, describe, expect, test } from "@jest/globals";
import type { VmRun } from "../scripts/lib/vm/boot-vm.mjs";
import { missingForVm, runInVm } from "../scripts/lib/vm/build-vm.mjs";
import { copyNode } from "./cgroup-vm/copy-node.ts";
import { cases } from "./cgroup-vm/machine/cases.ts";

const LIMIT_MS = 240_000;

const missing = await missingForVm();
if (missing.length > 0) console.warn(`SKIPPED, NOT TESTED: a node with cgroups (v2) runs on a machine of its own, which needs ${missing.join(", ")}`);

(missing.length > 0 ? describe.skip : describe)("on a machine with cgroup v2 a whole node", () => {
  let vm: VmRun;

  beforeAll(async () => {
    vm = await runInVm({ cases: "machine", fill: copyNode, limitMs: LIMIT_MS });
  }, LIMIT_MS + 30_000);

  test.each(Object.keys(cases))("%s", (name) => {
    const verdict = vm.verdicts.find((candidate) => candidate.name === name);
    const said = `; the console said:\n${vm.console.slice(-4_000)}`;
    expect(verdict === undefined ? `no verdict${said}` : verdict.error === undefined ? verdict : `${verdict.error}${said}`).toEqual({ name, ms: expect.any(Number) });
  });
});
