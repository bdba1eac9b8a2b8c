import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { GuardProcess, uptimeMs } from "../../src/guard/index.ts";
import type { GuardEnded } from "../../src/guard/index.ts";
import { describeLinux, Group, isAlive } from "./group.ts";

const LONG_MS = 60_000;
let guard: GuardProcess;
let groups: Group[];
let reports: GuardEnded[];
let nextReport: Promise<GuardEnded>;
let heard: (ended: GuardEnded) => void;

beforeEach(async () => {
  groups = [];
  reports = [];
  nextReport = new Promise((resolve) => (heard = resolve));
  guard = await GuardProcess.start({ onEnded: (ended) => (reports.push(ended), heard(ended)) });
});
afterEach(async () => {
  const pid = guard.pid;
  await guard.stop();
  if (pid !== undefined) expect(isAlive(pid)).toBe(false);
  for (const group of groups) await group.kill();
});

async function group(line?: string): Promise<Group> {
  const started = await Group.start(line);
  groups.push(started);
  return started;
}

/** Resolves when the guard is up again with all it was told. */
async function untilRestarted(): Promise<void> {
  const probe = await group();
  await guard.protect(probe.target);
  guard.release(probe.target);
}

describeLinux("the guard", () => {
  test("ends its targets when the lease ends, says so, and stays", async () => {
    const one = await group();
    const leaseEnd = uptimeMs() + 1_000;
    guard.renew(leaseEnd);
    await guard.protect(one.target);
    expect(await one.ended).toBe("SIGKILL");
    expect(uptimeMs()).toBeGreaterThanOrEqual(leaseEnd);
    expect(await nextReport).toEqual({ targets: [one.target], reason: "lease" });
    const two = await group();
    await expect(guard.protect(two.target)).rejects.toMatchObject({ code: "LEASE_ENDED", category: "unavailable" });
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(two.target);
    expect(two.alive).toBe(true);
  });

  test("knows which deaths are its own doing, before and after its report", async () => {
    const [own, crashed] = [await group(), await group()];
    guard.renew(uptimeMs() + LONG_MS);
    await Promise.all([guard.protect(own.target), guard.protect(crashed.target)]);
    expect(await guard.hasEnded(own.target)).toBe(false);
    await crashed.kill();
    expect(await guard.hasEnded(crashed.target)).toBe(false);
    const told = guard.endAll();
    await own.ended;
    expect(await guard.hasEnded(own.target)).toBe(true);
    await told;
    expect(await guard.hasEnded(own.target)).toBe(true);
  });

  test("a question about a death outlives the guard", async () => {
    const one = await group();
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(one.target);
    process.kill(guard.pid!, "SIGSTOP");
    const ended = guard.hasEnded(one.target);
    process.kill(guard.pid!, "SIGKILL");
    expect(await ended).toBe(false);
  });

  test("takes nothing before the first lease", async () => {
    const { target } = await group();
    await expect(guard.protect(target)).rejects.toMatchObject({ code: "LEASE_ENDED" });
  });

  test("a renewed lease keeps its targets alive past the old end", async () => {
    const one = await group();
    const canary = await group();
    guard.renew(uptimeMs() + 1_000);
    await guard.protect(one.target);
    guard.renew(uptimeMs() + LONG_MS);
    const short = await GuardProcess.start();
    short.renew(uptimeMs() + 1_200);
    await short.protect(canary.target);
    expect(await canary.ended).toBe("SIGKILL");
    expect(one.alive).toBe(true);
    await short.stop();
  });

  test("ends its targets when told to", async () => {
    const [one, two] = [await group(), await group()];
    guard.renew(uptimeMs() + LONG_MS);
    await Promise.all([guard.protect(one.target), guard.protect(two.target)]);
    await guard.endAll();
    expect([await one.ended, await two.ended]).toEqual(["SIGKILL", "SIGKILL"]);
    expect(reports[0]).toMatchObject({ reason: "told", targets: [one.target, two.target] });
  });

  test("ends its targets when it is stopped, and refuses further ones", async () => {
    const one = await group();
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(one.target);
    await Promise.all([guard.stop(), guard.stop()]);
    expect(await one.ended).toBe("SIGKILL");
    await expect(guard.protect(one.target)).rejects.toMatchObject({ code: "GUARD_STOPPED" });
  });

  test("a stop while it is down lets nobody wait", async () => {
    guard.renew(uptimeMs() + LONG_MS);
    process.kill(guard.pid!, "SIGSTOP");
    const known = guard.protect((await group()).target);
    const down = expect(known).rejects.toMatchObject({ code: "GUARD_STOPPED" });
    process.kill(guard.pid!, "SIGKILL");
    await guard.stop();
    await down;
  });

  test("a released target is left alone", async () => {
    const one = await group();
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(one.target);
    guard.release(one.target);
    guard.release(one.target);
    await guard.endAll();
    expect(one.alive).toBe(true);
  });

  test("ends descendants that left the group, by their marker", async () => {
    const one = await group("setsid sh -c 'echo $$; sleep 1000' & sleep 1000");
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(one.target);
    await guard.endAll();
    const left = execFileSync("sh", ["-c", `grep -lsa ${one.target.marker} /proc/[0-9]*/environ || true`]);
    expect(left.toString()).toBe("");
  });

  test("does not kill a group that merely got the same number", async () => {
    const stranger = await group();
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect({ ...stranger.target, startTime: "1", marker: "COX_RUN=another" });
    await guard.endAll();
    expect(stranger.alive).toBe(true);
  });

  test.each([0, 1, -1, NaN])("a group number %p is refused: it would address everybody", (pgid) => {
    expect(() => guard.protect({ kind: "process-group", pgid, startTime: "1" })).toThrow("not a group");
  });

  test("is not ended by the signals of a terminal or a service manager", async () => {
    const pid = guard.pid!;
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.kill(pid, signal);
    await untilRefused();
    expect(guard.pid).toBe(pid);
  });

  test("when it is killed it is started again and told everything anew", async () => {
    const one = await group();
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(one.target);
    const pid = guard.pid!;
    process.kill(pid, "SIGKILL");
    await untilRestarted();
    expect(guard.pid).not.toBe(pid);
    expect(one.alive).toBe(true);
    await guard.endAll();
    expect(await one.ended).toBe("SIGKILL");
  });

  test("when it is stopped with SIGSTOP it is replaced, since it does not answer to renewals; its targets are told anew", async () => {
    const one = await group();
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(one.target);
    const pid = guard.pid!;
    process.kill(pid, "SIGSTOP");
    const two = await group();
    const known = guard.protect(two.target);
    while (isAlive(pid)) {
      guard.renew(uptimeMs() + LONG_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await known;
    expect([one.alive, two.alive]).toEqual([true, true]);
    await guard.endAll();
    expect(await Promise.all([one.ended, two.ended])).toEqual(["SIGKILL", "SIGKILL"]);
  });

  test("a guard that answers is kept, however often the lease is renewed", async () => {
    guard.renew(uptimeMs() + LONG_MS);
    const pid = guard.pid!;
    for (let renewal = 0; renewal < 100; renewal += 1) guard.renew(uptimeMs() + LONG_MS);
    await guard.protect((await group()).target);
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect((await group()).target);
    expect(guard.pid).toBe(pid);
  });

  test("a lease that ends while nothing runs ends nothing; what comes then is refused until it is renewed", async () => {
    guard.renew(uptimeMs());
    const one = await group();
    await expect(guard.protect(one.target)).rejects.toMatchObject({ code: "LEASE_ENDED" });
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(one.target);
    expect(reports).toEqual([]);
    expect(one.alive).toBe(true);
  });

  test("while it is down nothing new is let go", async () => {
    guard.renew(uptimeMs() + LONG_MS);
    const pid = guard.pid!;
    const one = await group();
    process.kill(pid, "SIGSTOP");
    const known = guard.protect(one.target);
    let settled = false;
    void known.then(() => (settled = true));
    const another = await GuardProcess.start();
    expect(settled).toBe(false);
    await another.stop();
    process.kill(pid, "SIGKILL");
    await known;
    expect(guard.pid).not.toBe(pid);
  });

  test("a lease that ends while the guard is down is seen when it is back", async () => {
    const one = await group();
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(one.target);
    process.kill(guard.pid!, "SIGKILL");
    guard.renew(uptimeMs() - 1);
    expect(await one.ended).toBe("SIGKILL");
    expect(await nextReport).toMatchObject({ reason: "lease" });
  });

  test("a target released before the guard knew it is not let go", async () => {
    const one = await group();
    process.kill(guard.pid!, "SIGSTOP");
    const known = guard.protect(one.target);
    guard.release(one.target);
    await expect(known).rejects.toMatchObject({ code: "GUARD_STOPPED" });
    process.kill(guard.pid!, "SIGKILL");
  });
});

async function untilRefused(): Promise<void> {
  const one = await group();
  await expect(guard.protect(one.target)).rejects.toMatchObject({ code: "LEASE_ENDED" });
}
