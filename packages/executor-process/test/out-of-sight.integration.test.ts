/** Attempts whose processes cannot be looked for, as when descriptors run out. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { silentLogger, systemClock } from "@coxswain/executor";
import { Bench, PLAIN } from "./bench.ts";
import { attemptByHand } from "./by-hand.ts";
import { FakeCgroups } from "./fake-cgroups.ts";
import { describeLinux } from "./linux.ts";
import { PausingClock } from "./pausing-clock.ts";
import { processesWith } from "./processes.ts";
import { CgroupParent } from "../src/cgroup/cgroup-parent.ts";
import { ProcessExecutor } from "../src/index.ts";
import { Isolation } from "../src/isolation.ts";
import { RunFinder } from "../src/run-finder.ts";
import { sweep } from "../src/sweep.ts";

const TIMEOUT_MS = 60_000;
const MARKER = "out-of-sight";
const errno = (code: string): Error => Object.assign(new Error(code), { code });
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

class BlindFinder extends RunFinder {
  isBlind = true;

  override async find(marker: string): Promise<readonly number[]> {
    if (this.isBlind) throw errno("EMFILE");
    return super.find(marker);
  }
}

let bench: Bench;
beforeEach(() => void (bench = new Bench()));
afterEach(async () => {
  jest.restoreAllMocks();
  await bench.close();
});

describeLinux("an attempt whose processes cannot be looked for", () => {
  test("has not ended: its record and the guard keep it until it is seen that nothing of it runs", async () => {
    const clock = new PausingClock(TIMEOUT_MS);
    const finder = new BlindFinder();
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) };
    // Its child has left the group before the shell ends, or it would be killed with the group.
    const shell = "(setsid sh -c 'echo; exec sleep 1000 >/dev/null 2>&1' &) | read _; exit 3";
    const task = await attemptByHand({ shell }, MARKER, TIMEOUT_MS, { ...bench.context, clock, logger }, bench.directory, { finder });
    let ended = false;
    void task.result.then(() => (ended = true));
    for (let looks = 1; looks <= 3; looks += 1) {
      await clock.paused();
      expect([ended, bench.guard.targets.length, warnings.length]).toEqual([false, 1, looks]);
      expect(existsSync(join(bench.directory, "runs", `${MARKER}.json`))).toBe(true);
      if (looks < 3) clock.pass();
    }
    expect(processesWith(bench.id)).toHaveLength(1);
    finder.isBlind = false;
    clock.pass();
    expect(await task.result).toMatchObject({ outcome: "failed", errorType: "EXIT_CODE", exitCode: 3 });
    expect([await bench.leftovers(), bench.guard.targets]).toEqual([[], []]);
  });

  test("is not signalled by its group's number any more when it is stopped: that may be another's", async () => {
    const clock = new PausingClock(TIMEOUT_MS);
    const finder = new BlindFinder();
    const task = await attemptByHand({ shell: "exit 0" }, MARKER, TIMEOUT_MS, { ...bench.context, clock }, bench.directory, { finder });
    await clock.paused();
    const signals = jest.spyOn(process, "kill");
    const stopped = task.stop(0);
    expect(signals).not.toHaveBeenCalled();
    finder.isBlind = false;
    clock.pass();
    await stopped;
  });

  test("whose cgroup stays keeps its record, by which the next start ends it", async () => {
    const fake = new FakeCgroups("cpu memory pids");
    const cgroups = (await CgroupParent.open("/cg/coxswain", fake)) as CgroupParent;
    fake.refused = new Map([["cgroup.kill", "EPERM"]]);
    const isolation = new Isolation("switched off", cgroups);
    const task = await attemptByHand({ shell: "exit 0" }, MARKER, TIMEOUT_MS, bench.context, bench.directory, { isolation });
    expect(await task.result).toMatchObject({ outcome: "succeeded" });
    expect(existsSync(join(bench.directory, "runs", `${MARKER}.json`))).toBe(true);
    const successor = new ProcessExecutor({ stateDirectory: bench.directory, ...PLAIN });
    await successor.reap();
    await successor.close();
    expect(await bench.leftovers()).toEqual([]);
  });

  test("a look for want of descriptors fails; it does not find that nobody is there", () => {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const look = `ulimit -n 100; exec "$@"`;
    const node = [process.execPath, "--conditions=@coxswain/source", "--import", file("killed-node/register-ts.mjs"), file("no-descriptors.ts")];
    expect(execFileSync("/bin/sh", ["-c", look, "sh", ...node], { env, encoding: "utf8" })).toBe("EMFILE\n");
  });
});

test("a group that was seen to be gone is not signalled again: its number may be another's", async () => {
  const signalled: number[] = [];
  jest.spyOn(process, "kill").mockImplementation((pid) => {
    signalled.push(pid);
    throw errno("ESRCH");
  });
  const looks = [[4711], [4711], []];
  const finder = Object.assign(new RunFinder(), { find: async () => looks.shift() ?? [] });
  const left = await sweep({ pgid: 4712, marker: MARKER }, { finder, clock: systemClock, unreadable: () => {} });
  expect([left, signalled]).toEqual([[], [-4712, 4711, 4711]]);
});
