import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { CgroupParent } from "../../src/cgroup/cgroup-parent.ts";
import { DEFAULT_LIMITS } from "../../src/limits.ts";
import { processesWith } from "../processes.ts";
import { casesOf } from "./verdict.ts";
import type { VmCase } from "./verdict.ts";
import { cgroups, text, until, VmBench } from "./vm-bench.ts";

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** It has left session and environment, so that by cgroup or sandbox alone it is found. */
const HIDDEN = "env -i HIDES=here setsid sleep 1000 >/dev/null 2>&1 </dev/null &";

/** A node is killed while its task runs; its next start looks. */
async function killAndReap(tools: readonly string[], orphansAtLeast: number): Promise<void> {
  await VmBench.with({}, async (bench) => {
    const shell = `${HIDDEN} sleep 1000 & sleep 0.3; echo ready; sleep 1000`;
    const args = [file("../killed-node/node.js"), bench.directory, bench.id, shell, "full", ...tools];
    const node = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(node.stdout, "data");
    assert.equal(cgroups().length, 1);
    node.kill("SIGKILL");
    await once(node, "exit");
    assert(processesWith("HIDES=here").length >= orphansAtLeast);
    await bench.executor.reap();
    assert.deepEqual([processesWith("HIDES=here"), processesWith(bench.id), cgroups()], [[], [], []]);
  });
}

/** How attempts end on a machine with everything. */
export const endings: readonly VmCase[] = casesOf({
  "case 16: a missing program is START_FAILED and leaves nothing behind": () =>
    VmBench.with({}, async (bench) => {
      assert.equal((await bench.finish({ argv: ["no-such-program"] })).result.errorType, "START_FAILED");
      assert.deepEqual(cgroups(), []);
    }),

  "case 20: stop gives the grace, then kills; stopped twice, it ends once": () =>
    VmBench.with({}, async (bench) => {
      const loop = "echo ready; while :; do sleep 0.1; done";
      const mindful = await bench.start({ shell: `trap 'echo bye; exit 0' TERM; ${loop}` });
      await until(() => text(mindful).includes("ready"));
      await mindful.stop(20_000);
      assert.equal((await mindful.result).exitCode, 0);
      assert.match(text(mindful), /bye/);
      const deaf = await bench.start({ shell: `trap '' TERM; ${loop}` });
      await until(() => text(deaf).includes("ready"));
      await Promise.all([deaf.stop(300), deaf.stop(300)]);
      assert.deepEqual([(await deaf.result).outcome, (await deaf.result).signal], ["stopped", "SIGKILL"]);
      await deaf.stop(0);
      assert.deepEqual(cgroups(), []);
    }),

  "without a sandbox the cgroup alone ends what left session and environment": () =>
    VmBench.with({ allowUnlimitedProcesses: true, sandboxTools: [] }, async (bench) => {
      const { result } = await bench.finish({ shell: `${HIDDEN} echo ready; sleep 0.5` });
      assert.equal(result.outcome, "succeeded");
      assert.deepEqual(processesWith("HIDES=here"), []);
    }),

  "case 19: a node killed with SIGKILL leaves what its next start ends: cgroup alone, zero orphans": () => killAndReap([], 1),

  "case 19: a node killed with SIGKILL leaves what its next start ends: cgroup and sandbox, zero orphans": () => killAndReap(["bwrap"], 0),

  "the guard ends the cgroup of a dead node": async () => {
    const parent = await CgroupParent.open();
    assert(typeof parent !== "string");
    const cgroup = parent.of("guarded");
    await cgroup.make(DEFAULT_LIMITS);
    const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
    await cgroup.enter(child.pid ?? 0);
    const guard = spawn(process.execPath, [file("../../../worker/src/guard/guard-main.mjs")], { stdio: ["pipe", "pipe", "inherit"] });
    guard.stdin.write(`${JSON.stringify({ op: "keep", id: 1, kind: "process-group", pgid: 999_999, startTime: "0", cgroup: cgroup.directory })}\n`);
    const exit = once(child, "exit");
    guard.stdin.end();
    assert.equal((await exit)[1], "SIGKILL");
    await cgroup.end();
  },
});
