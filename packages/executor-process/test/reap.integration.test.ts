import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { ProcessExecutor } from "../src/index.ts";
import { processStat } from "../src/process-table.ts";
import { untilOutput } from "../../executor/test/until-output.ts";
import { Bench, PLAIN } from "./bench.ts";
import { describeLinux } from "./linux.ts";

let bench: Bench;
let successor: ProcessExecutor;
beforeEach(() => {
  bench = new Bench();
  successor = new ProcessExecutor({ stateDirectory: bench.directory, ...PLAIN });
});
afterEach(async () => {
  await successor.close();
  await bench.close();
});

async function onlyRecord(): Promise<{ file: string; record: Record<string, unknown> }> {
  const [name] = await readdir(join(bench.directory, "runs"));
  const file = join(bench.directory, "runs", name!);
  return { file, record: JSON.parse(readFileSync(file, "utf8")) };
}

/** A process of someone else's, in a group of its own. */
async function stranger(): Promise<{ pid: number; end(): Promise<void>; alive(): boolean }> {
  const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
  await once(child, "spawn");
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return { pid: child.pid!, end, alive: () => child.exitCode === null && child.signalCode === null };
}

describeLinux("reap", () => {
  test("ends what an earlier incarnation left running, group and daemons, and forgets it", async () => {
    const task = await bench.start({ shell: "setsid sleep 1000 >/dev/null 2>&1 & echo ready; sleep 1000" });
    await untilOutput(task, "ready");
    await successor.reap();
    expect(await task.result).toMatchObject({ outcome: "failed", signal: "SIGKILL" });
    expect(await bench.leftovers()).toEqual([]);
  });

  test("ends the rest of a group whose leader is dead", async () => {
    const task = await bench.start({ shell: "sleep 1000 & echo ready; sleep 1000" });
    await untilOutput(task, "ready");
    const { file, record } = await onlyRecord();
    await task.stop(0);
    const orphan = spawn("sleep", ["1000"], { detached: true, stdio: "ignore", env: { COX_RUN: String(record["marker"]) } });
    await once(orphan, "spawn");
    writeFileSync(file, JSON.stringify({ ...record, pgid: orphan.pid, startTime: "1" }));
    await successor.reap();
    expect(orphan.signalCode ?? (await once(orphan, "exit"))[1]).toBe("SIGKILL");
  });

  test("leaves alone a process that merely got the same number", async () => {
    const other = await stranger();
    const task = await bench.start({ shell: "echo ready; sleep 1000" });
    await untilOutput(task, "ready");
    const { file, record } = await onlyRecord();
    await task.stop(0);
    writeFileSync(file, JSON.stringify({ ...record, pgid: other.pid, startTime: "1" }));
    await successor.reap();
    expect(other.alive()).toBe(true);
    expect(await bench.leftovers()).toEqual([]);
    await other.end();
  });

  test("leaves alone whatever runs when the machine was booted since", async () => {
    const other = await stranger();
    await successor.reap();
    const startTime = processStat(other.pid)?.startTime;
    const record = { bootId: "another", pgid: other.pid, startTime, marker: "m", executionId: "e", attempt: 1 };
    writeFileSync(join(bench.directory, "runs", "m.json"), JSON.stringify(record));
    await successor.reap();
    expect(other.alive()).toBe(true);
    expect(await bench.leftovers()).toEqual([]);
    await other.end();
  });

  test.each(["", "{", "{}", '{"pgid":1}', '{"pgid":-1,"bootId":"x","startTime":"1","marker":"m"}'])(
    "a torn record (%j) is removed and harms nobody",
    async (text) => {
      await successor.reap();
      writeFileSync(join(bench.directory, "runs", "torn.json"), text);
      await successor.reap();
      expect(await bench.leftovers()).toEqual([]);
    },
  );
});
