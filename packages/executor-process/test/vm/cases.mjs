// Runs inside the test machine, whose cgroups (v2) are real. Each case is one line on the console.
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { MemoryGuard, silentLogger, systemClock } from "@coxswain/executor";
import { ProcessExecutor } from "@coxswain/executor-process";

/** Below the face: a module that only exists in the test machine. */
const inner = (path) => import(new URL(`node_modules/@coxswain/executor-process/${path}`, import.meta.url).href);
const { CgroupParent } = await inner("cgroup/cgroup-parent.js");
const { DEFAULT_LIMITS } = await inner("cgroup/limits.js");

const MIB = 1024 ** 2;
const PARENT = "/sys/fs/cgroup/coxswain";
const FULL_PATH = process.env.PATH;
let executors = 0;
let attempts = 0;

const cgroups = () => readdirSync(PARENT).filter((name) => name.startsWith("cox-"));
const newExecutor = (options = {}) => {
  const stateDirectory = `/tmp/state-${(executors += 1)}`;
  mkdirSync(stateDirectory);
  return new ProcessExecutor({ stateDirectory, timeoutGraceMs: 100, tmpBytes: 400 * MIB, ...options });
};
/** Cgroups alone, as on a machine where bubblewrap is missing. */
const withoutSandbox = async (run) => {
  process.env.PATH = "/bin";
  const executor = newExecutor({ allowUnlimitedProcesses: true, path: "/bin" });
  assert.match((await executor.available()).limitations, /no sandbox/);
  process.env.PATH = FULL_PATH;
  await run(executor);
  await executor.close();
};
const start = (executor, shell, limits = {}, timeoutMs = 60_000) =>
  executor.start(
    { task: { kind: "process", shell, limits: { cpus: 1, ...limits } }, timeoutMs },
    {
      ref: { executionId: `vm.1.${(attempts += 1)}`, attempt: 1 },
      jobId: "../x",
      dueMs: 0,
      guard: new MemoryGuard(),
      logger: silentLogger,
      clock: systemClock,
    },
  );
const text = (task) => Buffer.from(task.output.tail(100_000)).toString();
const until = async (condition) => {
  for (let i = 0; i < 2_000 && !condition(); i += 1) await delay(10);
  assert(condition(), `never: ${condition}`);
};
const named = (word) =>
  readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").includes(word);
    } catch {
      return false;
    }
  });

const executor = newExecutor();

const cases = {
  "the machine has all that is needed": async () => {
    assert.deepEqual(await executor.available(), { ok: true });
  },
  "limits hold before the payload runs, and the cgroup goes with it": async () => {
    const task = await start(executor, "cat /proc/self/cgroup; sleep 1000", { memoryBytes: 64 * MIB, pids: 33 });
    await until(() => text(task).includes("\n"));
    const [name] = cgroups();
    const read = (file) => readFileSync(`${PARENT}/${name}/${file}`, "latin1").trim();
    assert.equal(text(task), "0::/\n");
    assert.deepEqual(["memory.max", "cpu.max", "pids.max"].map(read), [String(64 * MIB), "100000 100000", "33"]);
    await task.stop(0);
    assert.deepEqual(cgroups(), []);
  },
  "200 MiB under 32 MiB fail as OUT_OF_MEMORY, and the node lives": async () => {
    for (const shell of ["dd if=/dev/zero of=/dev/null bs=200M count=1", "dd if=/dev/zero of=/dev/null bs=200M count=1 || exit 4"]) {
      const task = await start(executor, shell, { memoryBytes: 32 * MIB });
      const { outcome, errorType } = await task.result;
      assert.deepEqual({ outcome, errorType }, { outcome: "failed", errorType: "OUT_OF_MEMORY" }, shell);
    }
    assert.equal((await (await start(executor, "true")).result).outcome, "succeeded");
  },
  "a fork bomb meets its limit, ends at its time and leaves no cgroup": async () => {
    const task = await start(executor, "sleep 1; f() { f | f & f; }; f; sleep 1000", { pids: 20 }, 4_000);
    let most = 0;
    const watch = setInterval(() => {
      for (const name of cgroups()) most = Math.max(most, Number(readFileSync(`${PARENT}/${name}/pids.peak`, "latin1").trim()) || 0);
    }, 50);
    await task.result;
    clearInterval(watch);
    assert(most <= 20, `${most} processes`);
    assert.match(text(task), /fork/);
    assert.deepEqual(cgroups(), []);
  },
  "20% of a CPU for 2 s are about 0.4 s": async () => {
    const task = await start(executor, "echo go; while :; do :; done", { cpus: 0.2 });
    const [name] = cgroups();
    await until(() => text(task).includes("go"));
    const used = () => Number(/usage_usec (\d+)/.exec(readFileSync(`${PARENT}/${name ?? cgroups()[0]}/cpu.stat`, "latin1"))[1]) / 1e6;
    const before = used();
    await delay(2_000);
    const seconds = used() - before;
    await task.stop(0);
    assert(seconds > 0.2 && seconds < 0.6, `${seconds} s`);
  },
  "a missing program is START_FAILED and leaves nothing behind": async () => {
    const task = await executor.start(
      { task: { kind: "process", argv: ["no-such-program"] }, timeoutMs: 1_000 },
      { ref: { executionId: "vm.missing", attempt: 1 }, jobId: "j", dueMs: 0, guard: new MemoryGuard(), logger: silentLogger, clock: systemClock },
    );
    assert.equal((await task.result).errorType, "START_FAILED");
    assert.deepEqual(cgroups(), []);
  },
  "a limit above the machine's is INVALID before anything is created": async () => {
    for (const limits of [{ memoryBytes: 64 * 1024 ** 3 }, { cpus: 99 }, { pids: 0 }, { ioBytesPerSecond: NaN }]) {
      await assert.rejects(start(executor, "true", limits), { code: "INVALID_TASK" });
    }
    assert.deepEqual(cgroups(), []);
  },
  "stop gives the grace, then kills; twice is one end": async () => {
    const mindful = await start(executor, "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.1; done");
    const deaf = await start(executor, "trap '' TERM; echo ready; while :; do sleep 0.1; done");
    await until(() => text(mindful).includes("ready") && text(deaf).includes("ready"));
    await Promise.all([mindful.stop(20_000), deaf.stop(300), deaf.stop(300)]);
    assert.match(text(mindful), /bye/);
    assert.equal((await mindful.result).exitCode, 0);
    assert.equal((await deaf.result).signal, "SIGKILL");
    await deaf.stop(0);
    assert.deepEqual(cgroups(), []);
  },
  "without a sandbox the cgroup alone ends what left session and environment": () =>
    withoutSandbox(async (plain) => {
      const task = await start(plain, "env -i setsid sleep 987 >/dev/null 2>&1 </dev/null & echo ready; sleep 0.5");
      assert.equal((await task.result).outcome, "succeeded");
      assert.deepEqual([named("987"), cgroups()], [[], []]);
    }),
  "a node killed with SIGKILL leaves what its next start ends, cgroup and all": async () => {
    mkdirSync("/tmp/killed");
    const node = spawn(process.execPath, ["/app/killed-node.mjs", "/tmp/killed"], { env: { PATH: "/bin" }, stdio: ["ignore", "pipe", "inherit"] });
    await once(node.stdout, "data");
    node.kill("SIGKILL");
    await once(node, "exit");
    assert.deepEqual([named("986").length > 0, cgroups().length], [true, 1]);
    await new ProcessExecutor({ stateDirectory: "/tmp/killed" }).reap();
    assert.deepEqual([named("986"), cgroups()], [[], []]);
  },
  "the guard ends the cgroup of a dead node": async () => {
    const cgroup = (await CgroupParent.open()).of("guarded");
    await cgroup.make(DEFAULT_LIMITS);
    const child = spawn("sleep", ["985"], { detached: true, stdio: "ignore" });
    await cgroup.enter(child.pid);
    const guard = spawn(process.execPath, ["/app/guard-main.mjs"], { stdio: ["pipe", "pipe", "inherit"] });
    guard.stdin.write(`${JSON.stringify({ op: "keep", id: 1, pgid: 999_999, startTime: "0", cgroup: cgroup.directory })}\n`);
    const exit = once(child, "exit");
    guard.stdin.end();
    assert.equal((await exit)[1], "SIGKILL");
    await cgroup.end();
    assert.deepEqual(cgroups(), []);
  },
};

for (const [name, run] of Object.entries(cases)) {
  const from = performance.now();
  const error = await run().then(() => undefined, (thrown) => String(thrown?.stack ?? thrown));
  console.log(`COX-CASE ${JSON.stringify({ name, error, ms: Math.round(performance.now() - from) })}`);
}
console.log("COX-DONE");
