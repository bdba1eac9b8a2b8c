import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { untilOutput } from "../../executor/test/until-output.ts";
import { Bench } from "./bench.ts";
import { describeLinux } from "./linux.ts";
import { processesWith } from "./processes.ts";

let bench: Bench;
beforeEach(() => void (bench = new Bench()));
afterEach(async () => {
  expect(await bench.leftovers()).toEqual([]);
  expect(bench.guard.targets).toEqual([]);
  await bench.close();
});
const seconds = (ms: number): number => ms / 1000;

describeLinux("what a process sees", () => {
  test("its environment is what it was given and nothing else", async () => {
    process.env["LEAK"] = "from the node";
    const { output } = await bench.finish({ argv: ["env"], env: { B: "two words", A: "$HOME" } });
    const names = output.trim().split("\n").map((line) => line.slice(0, line.indexOf("=")));
    expect(output).toContain("A=$HOME\n");
    expect(output).toContain("B=two words\n");
    expect(output).toContain("COX_DUE=2026-01-02T03:04:05.000Z\n");
    expect(names.filter((name) => name !== "_").sort()).toEqual(
      ["A", "B", "COX_ATTEMPT", "COX_DUE", "COX_EXECUTION_ID", "COX_JOB_ID", "COX_RUN", "PATH"],
    );
  });

  test("it has a private working directory, which goes with it", async () => {
    const { output } = await bench.finish({ shell: "pwd; ls -A; mkdir -p a/b; echo x > a/b/c; chmod 500 a" });
    expect(output.trim().startsWith(bench.directory)).toBe(true);
    expect(existsSync(output.trim())).toBe(false);
  });

  test("it runs where it was told to", async () => {
    expect((await bench.finish({ shell: "pwd", workingDirectory: "/usr" })).output).toBe("/usr\n");
  });

  test("it has no input and leads its own session", async () => {
    const shell = "read -r x; echo end-of-input $?; ps -o sid=,pid= -p $$ | awk '{print $1-$2}'";
    expect((await bench.finish({ shell })).output).toBe("end-of-input 1\n0\n");
  });

  test("it gets no descriptors that the executor opened", async () => {
    // What this test's process itself inherited without close-on-exec is not the executor's doing.
    const inherited = execFileSync("ls", ["/proc/self/fd"], { encoding: "utf8" });
    expect((await bench.finish({ argv: ["ls", "/proc/self/fd"] })).output).toBe(inherited);
  });

  test("it can reopen its output by name", async () => {
    const { result, output } = await bench.finish({ shell: "echo out > /dev/stdout; echo err > /dev/stderr" });
    expect(result.outcome).toBe("succeeded");
    expect(output.split("\n").sort()).toEqual(["", "err", "out"]);
  });
});

describeLinux("how a process ends", () => {
  test("exit codes are the program's own, also those that the shim uses", async () => {
    for (const exitCode of [1, 125, 126, 127, 255]) {
      const { result } = await bench.finish({ shell: `exit ${exitCode}` });
      expect(result).toMatchObject({ outcome: "failed", errorType: "EXIT_CODE", exitCode, retryable: true });
    }
  });

  test("death by a signal is told apart from an exit code", async () => {
    const { result } = await bench.finish({ shell: "kill -SEGV $$" });
    expect(result).toMatchObject({ outcome: "failed", errorType: "SIGNAL", signal: "SIGSEGV" });
    expect(result.exitCode).toBeUndefined();
  });

  test("an attempt that the guard ends is lost; it did not fail", async () => {
    const task = await bench.start({ shell: "echo ready; sleep 1000" });
    await untilOutput(task, "ready");
    bench.guard.endAll((target) => target.kind === "process-group" && process.kill(-target.pgid, "SIGKILL"));
    expect(await task.result).toMatchObject({ outcome: "lost", errorType: "LEASE_ENDED", signal: "SIGKILL", retryable: true });
  });

  test("a program that minds SIGTERM has the grace to wind up", async () => {
    const task = await bench.start({ shell: "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done" });
    await untilOutput(task, "ready");
    await task.stop(10_000);
    expect(await task.result).toMatchObject({ outcome: "stopped", exitCode: 0 });
    expect(Buffer.from(task.output.tail(100)).toString()).toContain("bye\n");
  });

  test("the grace is the whole group's, not only its leader's", async () => {
    const child = "trap 'sleep 0.6; echo wound up; exit' TERM; echo ready; while :; do sleep 0.01; done";
    const task = await bench.start({ shell: `sh -c "${child}"; true` });
    await untilOutput(task, "ready");
    await task.stop(10_000);
    expect(await task.result).toMatchObject({ outcome: "stopped", signal: "SIGTERM" });
    expect(Buffer.from(task.output.tail(100)).toString()).toContain("wound up\n");
  });

  test("a program that ignores SIGTERM is killed after the grace; a shorter grace shortens it", async () => {
    const task = await bench.start({ shell: "trap '' TERM; echo ready; while :; do sleep 0.01; done" });
    await untilOutput(task, "ready");
    const stopped = task.stop(60_000);
    await task.stop(50);
    await stopped;
    expect(await task.result).toMatchObject({ outcome: "stopped", signal: "SIGKILL" });
  });

  test("a timeout is a timeout even if the program then exits well", async () => {
    const { result } = await bench.finish({ shell: "trap 'exit 0' TERM; while :; do sleep 0.01; done" }, 200);
    expect(result).toMatchObject({ outcome: "timedOut", errorType: "TIMEOUT", exitCode: 0, retryable: true });
  });
});

describeLinux("what a process leaves behind", () => {
  test("children in the background end with it, and it does not wait for them", async () => {
    const { result, output } = await bench.finish({ shell: "sleep 1000 & sleep 1000 >/dev/null 2>&1 & echo done" });
    expect(result).toMatchObject({ outcome: "succeeded", exitCode: 0 });
    expect(seconds(result.endedAtMs - result.startedAtMs)).toBeLessThan(20);
    expect(output).toBe("done\n");
  });

  test("a grandchild with a session of its own, holding the output, neither delays the end nor lives on", async () => {
    const { result } = await bench.finish({ shell: "setsid sleep 1000 & echo done" });
    expect(result.outcome).toBe("succeeded");
    expect(seconds(result.endedAtMs - result.startedAtMs)).toBeLessThan(20);
  });

  test("a daemon that cut all ties is found by its environment", async () => {
    const daemon = "setsid sh -c 'sleep 1000; true' </dev/null >/dev/null 2>&1 &";
    const { result } = await bench.finish({ shell: `${daemon} sleep 0.1` });
    expect(result.outcome).toBe("succeeded");
  });

  test("what descendants write within the drain still counts", async () => {
    const patient = new Bench({ drainMs: 20_000 });
    const { output } = await patient.finish({ shell: "(sleep 0.05; echo late) & echo first" });
    await patient.close();
    expect(output).toBe("first\nlate\n");
  });

  test("one that hides from us, without its environment, is not waited for", async () => {
    const hidden = "env -i HIDDEN=1 setsid sleep 987";
    const { result } = await bench.finish({ shell: `${hidden} & echo done` });
    expect(result.outcome).toBe("succeeded");
    const left = processesWith("HIDDEN=1");
    left.forEach((pid) => process.kill(pid, "SIGKILL"));
    expect(left.length).toBe(1);
  });

  test("descriptors do not pile up over many attempts", async () => {
    await bench.finish({ shell: "true" });
    const before = readdirSync("/proc/self/fd").length;
    for (let i = 0; i < 5; i += 1) {
      const refs = Array.from({ length: 20 }, (_, k) => ({ executionId: `many.${i}.${k}`, attempt: 1 }));
      const results = refs.map(async (ref) => {
        const task = await bench.executor.start(
          { task: { kind: "process", shell: "echo x; exit 0" }, timeoutMs: 60_000 },
          { ...bench.context, ref },
        );
        return (await task.result).outcome;
      });
      expect(new Set(await Promise.all(results))).toEqual(new Set(["succeeded"]));
    }
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
  });
});
