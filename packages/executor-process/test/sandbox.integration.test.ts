import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { untilOutput } from "../../executor/test/until-output.ts";
import { Bench } from "./bench.ts";
import { describeSandboxes } from "./linux.ts";
import type { ProcessExecutorOptions, SandboxTool } from "../src/index.ts";

let bench: Bench;
const benchOf = (tool: SandboxTool, options: Partial<ProcessExecutorOptions> = {}): Bench =>
  new Bench({ isolation: "full", sandboxTools: [tool], limits: { memoryBytes: 64 * 1024 ** 2, tmpfsBytes: 1_048_576 }, ...options });
const outputOf = async (shell: string, env: Record<string, string> = {}): Promise<string> =>
  (await bench.finish({ shell, env })).output;

/** A fresh executor for each test, after which nothing may be left. */
function eachOn(tool: SandboxTool): void {
  beforeEach(() => void (bench = benchOf(tool)));
  afterEach(async () => {
    expect(await bench.leftovers()).toEqual([]);
    expect(bench.guard.targets).toEqual([]);
    await bench.close();
  });
}

describeSandboxes("what a sandboxed process sees", (tool) => {
  eachOn(tool);

  test("the sandbox works on this machine", async () => {
    expect(await bench.executor.available()).toMatchObject({ ok: true });
    const { limitations = "" } = { limitations: "", ...(await bench.executor.available()) };
    expect(limitations).not.toContain("no sandbox");
  });

  test("it is nobody who could do harm, without capabilities and without a way to new privileges", async () => {
    const output = await outputOf("id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; unshare -U true 2>/dev/null || echo no user namespace");
    expect(output).toContain(`${process.getuid?.() === 0 ? 65_534 : process.getuid?.()}\n`);
    expect(output).toMatch(/CapEff:\s0+\nCapBnd:\s0+\nNoNewPrivs:\s1\nno user namespace\n/);
  });

  test("its environment is what it was given and nothing else", async () => {
    const { output } = await bench.finish({ argv: ["env"], env: { A: "$HOME" } });
    const names = output.trim().split("\n").map((line) => line.slice(0, line.indexOf("=")));
    expect(output).toContain("A=$HOME\n");
    expect(names.filter((name) => name !== "_").sort()).toEqual(
      ["A", "COX_ATTEMPT", "COX_DUE", "COX_EXECUTION_ID", "COX_JOB_ID", "COX_RUN", "PATH"],
    );
  });

  test("every namespace is its own, and its cgroups begin at the root", async () => {
    const names = ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup"];
    const read = `for name in ${names.join(" ")}; do readlink /proc/self/ns/$name; done`;
    const [inside, outside] = [await outputOf(read), execFileSync("sh", ["-c", read], { encoding: "utf8" })].map((text) => text.trim().split("\n"));
    expect(inside?.map((word) => word.split(":")[0])).toEqual(names);
    expect(inside?.filter((word) => outside?.includes(word))).toEqual([]);
    expect(await outputOf("cut -d: -f3 /proc/self/cgroup | sort -u")).toBe("/\n");
  });

  test("it has no right over what stands around it", async () => {
    const tries = ["mount -o remount,rw /usr", "umount /proc", "mount -t tmpfs x /tmp", "kill -9 1 && test ! -e /proc/1", "hostname x", "nsenter -t 1 -U true", "mknod /tmp/x c 1 3"];
    expect(await outputOf(tries.map((line) => `{ ${line}; } >/dev/null 2>&1 && echo '${line}'`).join("\n"))).toBe("");
  });

  test("its environment has no hold on the tools that make the sandbox", async () => {
    const directory = mkdtempSync(join(tmpdir(), "cox-outside-"));
    chmodSync(directory, 0o777);
    const env = { LD_DEBUG: "libs", LD_DEBUG_OUTPUT: join(directory, "written"), PATH: `${directory}:/bin:/usr/bin`, COUNT: "it's\n$5" };
    const { result, output } = await bench.finish({ argv: ["/bin/sh", "-c", 'echo "$COUNT"'], env });
    expect([result.outcome, readdirSync(directory)]).toEqual(["succeeded", []]);
    expect(output).toContain("it's\n$5\n");
    rmSync(directory, { recursive: true });
  });

  test("it sees no process but its own, no network and another host name", async () => {
    const output = await outputOf("ls /proc | grep -c '^[0-9]*$'; tail -n +3 /proc/net/dev | grep -v '^ *lo:' | wc -l; cat /proc/sys/kernel/hostname");
    const [processes, devices, host] = output.trim().split("\n");
    expect([Number(processes) < 10, devices, host]).toEqual([true, "0", "coxswain"]);
  });

  test("it sees no file of the node's, and no secrets of the system", async () => {
    const secret = mkdtempSync(join(tmpdir(), "cox-secret-"));
    writeFileSync(join(secret, "key"), "secret");
    const output = await outputOf(`ls ${secret} ${bench.directory} /etc/shadow /root /home 2>&1 >/dev/null | wc -l; ls -A /tmp | wc -l`);
    rmSync(secret, { recursive: true });
    expect(output).toBe("5\n0\n");
  });

  test("it can write nowhere but into its private tmp, which has a size", async () => {
    const output = await outputOf(
      "for d in / /usr /etc /dev /proc; do touch $d/x 2>/dev/null && echo wrote $d; done; " +
        "for d in /tmp /dev/shm; do head -c 2000000 /dev/zero > $d/x 2>/dev/null; wc -c < $d/x; done; pwd",
    );
    expect(output).toBe("1048576\n1048576\n/tmp\n");
  });

  test("a task may name the size of its own tmp, within the node's bounds", async () => {
    const shell = "for d in /tmp /dev/shm; do head -c 2000000 /dev/zero > $d/x 2>/dev/null; wc -c < $d/x; done";
    expect((await bench.finish({ shell, limits: { tmpfsBytes: 65_536 } })).output).toBe("65536\n65536\n");
  });

  test("it can reopen its output by name", async () => {
    expect((await outputOf("echo out > /dev/stdout; echo err > /dev/stderr")).split("\n").sort()).toEqual(["", "err", "out"]);
  });

  test("arguments are literal, however they look", async () => {
    const odd = ["$(exit 9)", "`x`", "--", "--bind", "", "*", "'", "\n", "é"];
    const { output } = await bench.finish({ argv: ["printf", "[%s]", ...odd] });
    expect(output).toBe(odd.map((argument) => `[${argument}]`).join(""));
  });

  test("a program or directory that it would not see is START_FAILED", async () => {
    const directory = mkdtempSync(join(tmpdir(), "cox-outside-"));
    writeFileSync(join(directory, "tool"), "#!/bin/sh\n", { mode: 0o755 });
    for (const task of [{ argv: [join(directory, "tool")] }, { shell: "true", workingDirectory: directory }, { argv: ["./x"] }]) {
      expect((await bench.finish(task)).result).toMatchObject({ errorType: "START_FAILED", startedAtMs: 0 });
    }
    rmSync(directory, { recursive: true });
  });

  test("what the node shows is seen, read-only", async () => {
    const directory = mkdtempSync("/var/tmp/cox-shown-");
    writeFileSync(join(directory, "fact"), "shown\n");
    execFileSync("chmod", ["755", directory]);
    const open = benchOf(tool, { readOnlyPaths: [directory] });
    const { output } = await open.finish({ shell: "cat fact; touch x 2>/dev/null || echo read-only", workingDirectory: directory });
    await open.close();
    rmSync(directory, { recursive: true });
    expect(output).toBe("shown\nread-only\n");
  });
});

describeSandboxes("how a sandboxed process ends", (tool) => {
  eachOn(tool);

  test("exit codes are the program's own", async () => {
    expect((await bench.finish({ shell: "exit 3" })).result).toMatchObject({ errorType: "EXIT_CODE", exitCode: 3 });
    expect((await bench.finish({ shell: "exit 0" })).result).toMatchObject({ outcome: "succeeded", exitCode: 0 });
  });

  test("one that minds SIGTERM has the grace to wind up", async () => {
    const task = await bench.start({ shell: "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done" });
    await untilOutput(task, "ready");
    await task.stop(10_000);
    expect(await task.result).toMatchObject({ outcome: "stopped", exitCode: 0 });
    expect(Buffer.from(task.output.tail(100)).toString()).toContain("bye\n");
  });

  test("one that ignores SIGTERM is killed after the grace", async () => {
    const task = await bench.start({ shell: "trap '' TERM; echo ready; while :; do sleep 0.01; done" });
    await untilOutput(task, "ready");
    await task.stop(50);
    expect(await task.result).toMatchObject({ outcome: "stopped", signal: "SIGKILL" });
  });

  test("a descendant that left the session and cleared its environment does not escape", async () => {
    const { result } = await bench.finish({ shell: `env -i HIDES=${bench.id} setsid sleep 987 >/dev/null 2>&1 & echo done` });
    expect(result.outcome).toBe("succeeded");
  });

  test("all of it ends with the guard's kill of the group", async () => {
    const task = await bench.start({ shell: `env -i HIDES=${bench.id} setsid sleep 987 & echo ready; sleep 1000` });
    await untilOutput(task, "ready");
    bench.guard.endAll((target) => target.kind === "process-group" && process.kill(-target.pgid, "SIGKILL"));
    expect(await task.result).toMatchObject({ outcome: "lost", errorType: "LEASE_ENDED" });
  });
});
