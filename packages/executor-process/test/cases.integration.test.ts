import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { ProcessTask, ResourceLimits } from "@coxswain/executor";
import { untilOutput } from "../../executor/test/until-output.ts";
import { Bench } from "./bench.ts";
import { describeLinux } from "./linux.ts";
import { payloadOf } from "../src/payload.ts";
import { Shim } from "../src/shim.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";

let bench: Bench;
beforeEach(() => void (bench = new Bench()));
afterEach(async () => {
  expect(await bench.leftovers()).toEqual([]);
  expect(bench.guard.targets).toEqual([]);
  await bench.close();
});

describeLinux("case 16: what is missing", () => {
  test.each<[string, Omit<ProcessTask, "kind">]>([
    ["a program that is not in PATH", { argv: ["no-such-program"] }],
    ["a path that does not exist", { argv: ["/no/such/program"] }],
    ["a file that is not executable", { argv: ["/etc/passwd"] }],
    ["a directory", { argv: ["/usr"] }],
    ["a working directory that does not exist", { shell: "true", workingDirectory: "/no/such" }],
    ["an argument that is too long", { argv: ["true", "x".repeat(4_000_000)] }],
  ])("%s is START_FAILED, for good, and leaves nothing behind", async (_, task) => {
    const { result } = await bench.finish(task);
    expect(result).toMatchObject({ outcome: "failed", errorType: "START_FAILED", retryable: false, startedAtMs: 0 });
    expect(result.errorMessage).toBeTruthy();
  });
});

describeLinux("case 17: hostile words", () => {
  test.each<[string, Omit<ProcessTask, "kind">]>([
    ["an argument", { argv: ["echo", "a\0b"] }],
    ["the shell line", { shell: "echo a\0b" }],
    ["a variable", { shell: "true", env: { A: "a\0b" } }],
    ["the working directory", { shell: "true", workingDirectory: "/tmp\0" }],
  ])("NUL in %s is rejected", async (_, task) => {
    await expect(bench.start(task)).rejects.toMatchObject({ code: "INVALID_TASK", category: "invalid" });
  });

  test("$(...) in arguments, and whatever else a shell would take up, is literal", async () => {
    const odd = ["$(exit 9)", "`x`", "a b", "", "*", "'", '"', "\\", "-n", "\n", "é", "; exit 9", "--"];
    const { output } = await bench.finish({ argv: ["printf", "[%s]", ...odd] });
    expect(output).toBe(odd.map((argument) => `[${argument}]`).join(""));
  });

  test("a job's id of ../x is a word, and no path is made of it", async () => {
    const context = { ...bench.context, jobId: "../x", ref: { executionId: "../x.1.1", attempt: 1 } };
    const task = { kind: "process", shell: 'echo "$COX_JOB_ID $COX_EXECUTION_ID"; pwd', env: { BENCH: bench.id } } as const;
    const running = await bench.executor.start({ task, timeoutMs: 60_000 }, context);
    expect((await running.result).outcome).toBe("succeeded");
    const [ids, directory] = Buffer.from(running.output.tail(Infinity)).toString().split("\n");
    expect(ids).toBe("../x ../x.1.1");
    expect(directory).toMatch(new RegExp(`^${bench.directory}/work/[0-9a-f-]+$`));
  });
});

describeLinux("limits", () => {
  test("a machine that has nothing to hold a task by refuses it, and says why", async () => {
    const strict = new Bench({ allowUnlimitedProcesses: false });
    await expect(strict.start({ shell: "true" })).rejects.toMatchObject({ code: "ISOLATION_MISSING", category: "unavailable" });
    expect(await strict.executor.available()).toMatchObject({ ok: false, reason: expect.stringContaining("switched off") });
    expect(await strict.leftovers()).toEqual([]);
    await strict.close();
  });

  test("a node that was told to run it all the same says what is missing", async () => {
    const plain = new Bench();
    expect(await plain.executor.available()).toEqual({ ok: true, limitations: expect.stringContaining("no limits") });
    await plain.close();
  });

  test.each<[keyof ResourceLimits, number]>([
    ["memoryBytes", 33_554_432],
    ["swapBytes", 0],
    ["cpus", 0.2],
    ["pids", 10],
    ["ioBytesPerSecond", 1_000_000],
    ["tmpfsBytes", 65_536],
  ])("a task that names %s is refused where nothing holds it, also where unlimited processes are allowed", async (name, value) => {
    const plain = new Bench();
    const message = expect.stringMatching(new RegExp(`limits\\.${name} \\(.*switched off`));
    await expect(plain.start({ shell: "true", limits: { [name]: value } })).rejects.toMatchObject({ code: "ISOLATION_MISSING", message });
    expect(await plain.leftovers()).toEqual([]);
    await plain.close();
  });

  test("a machine without any tool for a sandbox names each", async () => {
    const bare = new Bench({ allowUnlimitedProcesses: false, isolation: "full" });
    const { PATH } = process.env;
    process.env["PATH"] = bare.directory;
    const availability = await bare.executor.available();
    process.env["PATH"] = PATH;
    const reason = expect.stringMatching(/bwrap \(bubblewrap\) is not installed; unshare and setpriv \(util-linux\) are not installed/);
    expect(availability).toMatchObject({ ok: false, reason });
    await bare.close();
  });

  test.each(["memoryBytes", "cpus", "pids", "ioBytesPerSecond", "tmpfsBytes", "openFiles"])(
    "%s of 0, negative, NaN or above the host is INVALID_TASK before anything is created",
    async (name) => {
      const plain = new Bench();
      for (const value of [0, -1, NaN, Infinity, 1e30]) {
        await expect(plain.start({ shell: "true", limits: { [name]: value } })).rejects.toMatchObject({ code: "INVALID_TASK", category: "invalid" });
      }
      expect(await plain.leftovers()).toEqual([]);
      await plain.close();
    },
  );
});

describeLinux("open files", () => {
  test("are limited without a sandbox, too, and a task may name their number", async () => {
    const plain = new Bench({ limits: { openFiles: 64 }, maxLimits: { openFiles: 128 } });
    const shell = "ulimit -n; ulimit -Hn; ulimit -c; ulimit -n 200 2>/dev/null || echo no more";
    expect((await plain.finish({ shell })).output).toBe("64\n64\n0\nno more\n");
    expect((await plain.finish({ shell, limits: { openFiles: 100 } })).output).toBe("100\n100\n0\nno more\n");
    await expect(plain.start({ shell, limits: { openFiles: 129 } })).rejects.toMatchObject({ code: "INVALID_TASK" });
    await plain.close();
  });
});

describeLinux("case 20: one terminal state", () => {
  test("of an attempt that is stopped twice", async () => {
    const task = await bench.start({ shell: "echo ready; sleep 1000" });
    await untilOutput(task, "ready");
    await Promise.all([task.stop(10_000), task.stop(10_000)]);
    const result = await task.result;
    await task.stop(0);
    expect(await task.result).toBe(result);
    expect(result).toMatchObject({ outcome: "stopped", errorType: "STOPPED" });
  });

  test("of an attempt that is stopped after its exit: the exit's", async () => {
    const task = await bench.start({ shell: "exit 3" });
    const result = await task.result;
    await task.stop(0);
    expect(await task.result).toBe(result);
    expect(result).toMatchObject({ outcome: "failed", exitCode: 3 });
  });

  test("of an attempt that is stopped while it starts: the program never ran", async () => {
    const task = await bench.start({ shell: "echo ran" });
    await task.stop(0);
    expect(await task.result).toMatchObject({ outcome: "stopped", startedAtMs: 0 });
    expect(task.output.totalBytes).toBe(0);
  });
});

describeLinux("a shim", () => {
  test("that is never let go exits with 125, and the payload never runs", async () => {
    const command = { argv: ["/bin/sh", "-c", "exit 0"], env: {}, ownEnv: {}, workingDirectory: "/" } as const;
    const payload = await payloadOf(command, DEFAULT_LIMITS, undefined, async () => "/");
    const shim = await Shim.spawn(payload, 1, 2);
    shim.cancel();
    expect(await shim.exit).toEqual({ code: 125, signal: null });
  });
});
