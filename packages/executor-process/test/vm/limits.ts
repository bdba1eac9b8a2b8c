import { strict as assert } from "node:assert";
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { ResourceLimits } from "@coxswain/executor";
import { casesOf } from "./verdict.ts";
import type { VmCase } from "./verdict.ts";
import { cgroups, control, counter, MIB, PARENT, ROOT, text, until, VmBench } from "./vm-bench.ts";

const ALLOCATE = "dd if=/dev/zero of=/dev/null bs=200M count=1";
/** Neither filled to the brim before the case is over nor felt by the others. */
const ROOMY = { cpus: 1, tmpfsBytes: 400 * MIB };

/** Those that there is a driver for. */
const disks = (): string[] => readdirSync("/sys/block").filter((name) => /^(nvme|vd)/.test(name));

/** A directory below which the named controllers are handed down, for `body`. */
async function withControllers(controllers: string, body: (directory: string) => Promise<void>): Promise<void> {
  const [outer, inner] = [`${ROOT}/partly`, `${ROOT}/partly/inner`];
  mkdirSync(inner, { recursive: true });
  writeFileSync(`${outer}/cgroup.subtree_control`, controllers);
  await body(`${inner}/coxswain`);
  for (const directory of [...readdirSync(inner).filter((name) => name === "coxswain").map((name) => `${inner}/${name}`), inner, outer]) rmdirSync(directory);
}

/** What limits do to real processes. */
export const limits: readonly VmCase[] = casesOf({
  "the machine has all that is needed": () =>
    VmBench.with({}, async ({ executor }) => assert.deepEqual(await executor.available(), { ok: true })),

  "every limit is set before the payload runs, which is in its cgroup from the start; the cgroup goes with it": () =>
    VmBench.with({}, async (bench) => {
      const asked = { memoryBytes: 64 * MIB, cpus: 1, pids: 33, ioBytesPerSecond: 1_000_000, swapBytes: 0, openFiles: 99 };
      const task = await bench.start({ shell: "cat /proc/self/cgroup; ulimit -n; sleep 1000", limits: asked });
      await until(() => text(task).split("\n").length === 3);
      const device = readFileSync(`/sys/block/${disks()[0]}/dev`, "latin1").trim();
      const read = ["memory.max", "cpu.max", "pids.max", "io.max", "memory.oom.group"].map(control);
      assert(read[3]?.split("\n").includes(`${device} rbps=1000000 wbps=1000000 riops=max wiops=max`), read[3]);
      assert.deepEqual(read.toSpliced(3, 1), [String(64 * MIB), "100000 100000", "33", "1"]);
      assert.equal(text(task), "0::/\n99\n");
      await task.stop(0);
      assert.deepEqual(cgroups(), []);
    }),

  "case 13: 200 MiB under 32 MiB fail as OUT_OF_MEMORY with oom_kill of at least 1, and the node lives": () =>
    VmBench.with({ limits: ROOMY }, async (bench) => {
      for (const shell of [ALLOCATE, `${ALLOCATE} || exit 4`]) {
        const { result } = await bench.finish({ shell, limits: { memoryBytes: 32 * MIB } });
        assert.deepEqual([result.outcome, result.errorType], ["failed", "OUT_OF_MEMORY"], shell);
        const kills = bench.warnings.filter(({ limit }) => limit === "memoryBytes").map((fields) => fields["kills"]);
        assert(Number(kills.at(-1)) >= 1, `oom_kill: ${kills}`);
      }
      assert.equal((await bench.finish({ shell: "true" })).result.outcome, "succeeded");
    }),

  "a full tmp counts as memory": () =>
    VmBench.with({ limits: ROOMY }, async (bench) => {
      const { result } = await bench.finish({ shell: "dd if=/dev/zero of=x bs=1M count=64 2>/dev/null", limits: { memoryBytes: 32 * MIB } });
      assert.equal(result.errorType, "OUT_OF_MEMORY");
    }),

  "case 14: a fork bomb meets the limit of its processes, ends at its time, and its cgroup is removed": () =>
    VmBench.with({ limits: ROOMY }, async (bench) => {
      const task = await bench.start({ shell: "f() { f | f & f; }; f; sleep 1000", limits: { pids: 20 } }, 60_000);
      await until(() => cgroups().length === 1 && counter("pids.events", "max") >= 1);
      assert(Number(control("pids.peak")) <= 20, `${control("pids.peak")} processes`);
      await task.stop(0);
      assert.deepEqual(cgroups(), []);
      assert.deepEqual(bench.warnings.map(({ limit }) => limit), ["pids"]);
    }),

  "case 15: cpu.max of 20% for 2 s gives about 0.4 s": () =>
    VmBench.with({}, async (bench) => {
      const task = await bench.start({ shell: "echo go; while :; do :; done", limits: { cpus: 0.2 } });
      await until(() => text(task).includes("go"));
      const now = (): readonly [number, number] => [counter("cpu.stat", "usage_usec"), performance.now() * 1_000];
      const [usedBefore, before] = now();
      await delay(2_000);
      const [used, after] = now();
      const share = (used - usedBefore) / (after - before);
      assert(counter("cpu.stat", "nr_throttled") > 0);
      await task.stop(0);
      assert(share > 0.1 && share < 0.3, `${share} of a processor`);
    }),

  "case 15: 4 MiB written past the cache at 1 MB/s take about 4 s": () =>
    // The disk itself is not to be seen in a sandbox.
    VmBench.with({ allowUnlimitedProcesses: true, sandboxTools: [] }, async (bench) => {
      const shell = `dd if=/dev/zero of=/dev/${disks()[0]} bs=1M count=4 oflag=direct 2>/dev/null; echo written; sleep 1000`;
      const from = performance.now();
      const task = await bench.start({ shell, limits: { ioBytesPerSecond: 1_000_000, cpus: 1 } });
      await until(() => text(task).includes("written"));
      const seconds = (performance.now() - from) / 1_000;
      assert.equal(counter("io.stat", "wbytes"), 4 * MIB);
      await task.stop(0);
      // Never faster; how much slower is this machine's matter.
      assert(seconds > 3.5, `${seconds} s`);
    }),

  "case 18: limits above the host are INVALID_TASK before anything is created": () =>
    VmBench.with({}, async (bench) => {
      const tooMuch: ResourceLimits[] = [{ memoryBytes: 64 * 1024 * MIB }, { swapBytes: 1 }, { cpus: 99 }, { pids: 2 ** 30 }, { openFiles: 2 ** 40 }];
      for (const asked of tooMuch) {
        await assert.rejects(bench.start({ shell: "true", limits: asked }), { code: "INVALID_TASK" }, JSON.stringify(asked));
      }
      assert.deepEqual(cgroups(), []);
    }),

  "case 18: without controllers a task is refused, and never run unlimited": () =>
    withControllers("", (cgroupDirectory) =>
      VmBench.with({ cgroupDirectory }, async (bench) => {
        const reason = "the cgroup controllers cpu, memory, pids are missing";
        const { ok, ...why } = await bench.executor.available();
        assert(!ok && JSON.stringify(why).includes(reason));
        await assert.rejects(bench.start({ shell: "true" }), { code: "ISOLATION_MISSING" });
      }),
    ),

  "case 18: unless the node was told so, and then it says so, and still refuses a limit that a task names": () =>
    withControllers("", (cgroupDirectory) =>
      VmBench.with({ cgroupDirectory, allowUnlimitedProcesses: true }, async (bench) => {
        assert.match(JSON.stringify(await bench.executor.available()), /unlimited processes are allowed; tasks have no limits/);
        assert.equal((await bench.finish({ shell: "true" })).result.outcome, "succeeded");
        await assert.rejects(bench.start({ shell: "true", limits: { memoryBytes: MIB } }), { code: "ISOLATION_MISSING" });
      }),
    ),

  "case 18: a machine without the io controller refuses a rate, and runs the rest": () =>
    withControllers("+cpu +memory +pids", (cgroupDirectory) =>
      VmBench.with({ cgroupDirectory }, async (bench) => {
        assert.equal((await bench.finish({ shell: "true", limits: { pids: 9 } })).result.outcome, "succeeded");
        const error = { code: "ISOLATION_MISSING", message: /limits.ioBytesPerSecond \(the cgroup controller io is missing\)/ };
        await assert.rejects(bench.start({ shell: "true", limits: { ioBytesPerSecond: 1_000 } }), error);
      }),
    ),

  "where no cgroup can be made the payload never runs": () =>
    VmBench.with({}, async (bench) => {
      await bench.executor.available();
      writeFileSync(`${PARENT}/cgroup.max.descendants`, "0");
      const { result, output } = await bench.finish({ shell: "echo ran" });
      writeFileSync(`${PARENT}/cgroup.max.descendants`, "max");
      assert.deepEqual([result.outcome, result.errorType, output], ["failed", "INTERNAL", ""]);
    }),
});
