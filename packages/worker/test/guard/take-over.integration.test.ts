/** A guard that takes over what the guard of an earlier start of its node guarded (G2, G13). */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { ContainerTarget } from "@coxswain/executor";
import { GuardProcess, uptimeMs } from "../../src/guard/index.ts";
import { guardRecords } from "../../src/guard/guard-records.ts";
import { FakeEngine } from "./fake-engine.ts";
import { describeLinux, Group, isAlive } from "./group.ts";
import { GuardedNode, guardMain, untilGone } from "./guarded-node.ts";

const LONG_MS = 60_000;
const SHORT_MS = 3_000;
const SHORTER_MS = 1_200;

let directory: string;
let engine: FakeEngine;
let node: GuardedNode | undefined;
let successor: GuardProcess | undefined;
let inside: Group;
let target: ContainerTarget;
/** What a test started besides, also when it fails half-way. */
let endings: (() => unknown)[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "cox-guard-"));
  engine = await new FakeEngine().start();
  successor = node = undefined;
  endings = [];
  inside = await Group.start();
  target = engine.container("running", inside);
});
afterEach(async () => {
  for (const end of endings) await end();
  await successor?.stop();
  await node?.close();
  await inside.kill();
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A node that was killed while a container of it ran. */
async function killedNode(leaseMs: number): Promise<GuardedNode> {
  const killed = (node = await GuardedNode.start([target], { leaseMs, directory }));
  await killed.kill();
  return killed;
}

/** Its guard was killed with it. */
async function deadNode(): Promise<GuardedNode> {
  const dead = (node = await GuardedNode.start([target], { leaseMs: LONG_MS, directory }));
  process.kill(dead.guardPid, "SIGKILL");
  await untilGone(dead.guardPid);
  await dead.kill();
  return dead;
}

async function started(): Promise<Group> {
  const group = await Group.start();
  endings.push(() => group.kill());
  return group;
}

const takeOver = async (): Promise<GuardProcess> => (successor = await GuardProcess.start({ directory }));

interface Record {
  leaseEndUptimeMs: number;
  bootId: string;
}
function rewriteRecord(change: (record: Record) => void): void {
  for (const name of readdirSync(directory)) {
    const record = JSON.parse(readFileSync(join(directory, name), "utf8")) as Record;
    change(record);
    writeFileSync(join(directory, name), JSON.stringify(record));
  }
}

describeLinux("the guard of a node that came back", () => {
  test("guards what the one before did, then ends that one; what is adopted lives past the old lease once the new is granted", async () => {
    const killed = await killedNode(SHORT_MS);
    const guard = await takeOver();
    expect(isAlive(killed.guardPid)).toBe(false);
    expect(guard.unclaimed).toEqual([target]);
    expect(guard.leaseLeftMs()).toBeGreaterThan(0);
    await guard.protect(target);
    expect(guard.unclaimed).toEqual([]);
    guard.renew(uptimeMs() + LONG_MS);
    await guard.endUnclaimed();
    const canary = await started();
    const timer = await GuardProcess.start();
    endings.push(() => timer.stop());
    timer.renew(killed.leaseEndUptimeMs + 200);
    await timer.protect(canary.target).catch(() => canary.kill());
    await canary.ended;
    expect(inside.alive).toBe(true);
    await guard.endAll();
    expect(await inside.ended).toBe("SIGKILL");
  });

  test("ends at the old lease's end what it took over, adopted or not, unless a new lease is granted before", async () => {
    const { leaseEndUptimeMs } = await killedNode(SHORT_MS);
    const guard = await takeOver();
    await guard.protect(target);
    expect(await inside.ended).toBe("SIGKILL");
    expect(uptimeMs()).toBeGreaterThanOrEqual(leaseEndUptimeMs);
    expect(await guard.hasEnded(target)).toBe(true);
  });

  test("ends what nobody adopts before the node registers, and waits until it has ended", async () => {
    await killedNode(LONG_MS);
    const guard = await takeOver();
    await guard.endUnclaimed();
    expect(await inside.ended).toBe("SIGKILL");
    expect(guard.unclaimed).toEqual([]);
    expect(engine.containers.map(({ State }) => State)).toEqual(["exited"]);
  });

  test("ends it by its marker though the engine is down", async () => {
    await killedNode(LONG_MS);
    await engine.stop();
    const guard = await takeOver();
    await guard.endUnclaimed();
    expect(await inside.ended).toBe("SIGKILL");
  });

  test("takes over from a guard that is stopped, or was killed with its node: the record says what it guarded", async () => {
    await deadNode();
    expect(inside.alive).toBe(true);
    const guard = await takeOver();
    expect(guard.unclaimed).toEqual([target]);
    process.kill(guard.pid!, "SIGSTOP");
    // A third start: its guard ends the second one, which can do nothing.
    const third = await GuardProcess.start({ directory });
    endings.push(() => third.stop());
    expect(third.unclaimed).toEqual([target]);
    await third.stop();
    expect(await inside.ended).toBe("SIGKILL");
  });

  test("when the lease has passed nothing is left to adopt: what still runs is ended at once", async () => {
    await deadNode();
    rewriteRecord((record) => (record.leaseEndUptimeMs = uptimeMs() - 1));
    const guard = await takeOver();
    expect(guard.leaseLeftMs()).toBe(0);
    await guard.endUnclaimed();
    expect(await inside.ended).toBe("SIGKILL");
    await expect(guard.protect(target)).rejects.toMatchObject({ code: "LEASE_ENDED" });
  });

  test("a record of an earlier boot, or of a process whose number is another's by now, kills nobody", async () => {
    await deadNode();
    const stranger = await started();
    const [name = ""] = readdirSync(directory);
    const record = JSON.parse(readFileSync(join(directory, name), "utf8")) as Record;
    writeFileSync(join(directory, "1-1.json"), JSON.stringify({ ...record, bootId: "another", pid: stranger.target.pgid }));
    writeFileSync(join(directory, name), JSON.stringify({ ...record, pid: stranger.target.pgid, startTime: "1" }));
    const guard = await takeOver();
    expect(guard.unclaimed).toEqual([target]);
    expect(stranger.alive).toBe(true);
  });

  test("records that a power cut tore are removed, and hold up no start", async () => {
    for (const [name, text] of [["1-1.json", ""], ["2-1.json", "\0\0\0"], ["3-1.json", '{"pid":']] as const) writeFileSync(join(directory, name), text);
    const guard = await takeOver();
    expect([guard.unclaimed, guard.leaseLeftMs(), readdirSync(directory)]).toEqual([[], 0, []]);
  });

  test("what a guard was writing when it was killed is removed, and not what one that lives is writing", async () => {
    const { guardPid } = await killedNode(LONG_MS);
    const [living = ""] = readdirSync(directory);
    for (const name of ["1-1.json.new", `${guardPid}-1.json.new`, "2-.json.new", `${living}.new`]) writeFileSync(join(directory, name), '{"pid":');
    await guardRecords(directory, undefined);
    expect(readdirSync(directory).sort()).toEqual([living, `${living}.new`]);
  });

  test("a record that goes while it is looked at, with the guard that finished, holds up no start", async () => {
    symlinkSync(join(directory, "gone"), join(directory, "1-1.json"));
    const guard = await takeOver();
    expect([guard.unclaimed, guard.leaseLeftMs()]).toEqual([[], 0]);
  });

  test("its record is gone when it is stopped, and one that died leaves its own to nobody but its successor", async () => {
    const guard = await takeOver();
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(target);
    const before = readdirSync(directory);
    process.kill(guard.pid!, "SIGKILL");
    await guard.hasEnded(target);
    // The new one answers before it removes the record of the one before, and the second answer comes after.
    await guard.hasEnded(target);
    expect(readdirSync(directory)).toHaveLength(1);
    expect(readdirSync(directory)).not.toEqual(before);
    await guard.stop();
    expect(readdirSync(directory)).toEqual([]);
    expect(await inside.ended).toBe("SIGKILL");
  });

  test("a container that cannot be noted is not let go", async () => {
    const guard = await takeOver();
    guard.renew(uptimeMs() + LONG_MS);
    rmSync(directory, { recursive: true });
    await expect(guard.protect(target)).rejects.toMatchObject({ code: "GUARD_RECORD_FAILED", category: "unavailable" });
  });
});

/** A guard driven by hand, so that it can be stopped between any two steps. */
class BareGuard {
  readonly child: ChildProcessByStdio<Writable, Readable, null> = spawn(process.execPath, [guardMain, directory], {
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  readonly #said: string[] = [];
  #heard: () => void = () => {};

  constructor() {
    endings.push(() => this.child.kill("SIGKILL"));
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      this.#said.push(line);
      this.#heard();
    });
  }

  async tell(order: object, until: string): Promise<void> {
    this.child.stdin.write(`${JSON.stringify(order)}\n`);
    while (!this.#said.some((line) => line.includes(until))) await new Promise<void>((resolve) => (this.#heard = resolve));
  }

  /** As when its node dies. */
  orphan(): void {
    this.child.stdin.destroy();
  }
}

describeLinux("at every step of the take-over the container is ended at the old lease's end, whoever dies:", () => {
  const steps = ["before", "the new guard knows the lease", "both know the container", "the old guard is relieved"] as const;
  const deaths = steps.flatMap((step) => [
    { step, dies: "the new node" },
    ...(step === "the old guard is relieved" ? [] : [{ step, dies: "the new node and its guard" }]),
    ...(step === "both know the container" ? [{ step, dies: "the old guard" }, { step, dies: "the new node and the old guard" }] : []),
  ]);

  test.each(deaths)("$step: $dies", async ({ step, dies }) => {
    const { guardPid, leaseEndUptimeMs } = await killedNode(SHORTER_MS);
    const guard = new BareGuard();
    const reached = steps.indexOf(step);
    if (reached >= 1) await guard.tell({ op: "renew", endUptimeMs: leaseEndUptimeMs }, "renewed");
    if (reached >= 2) await guard.tell({ op: "keep", id: 1, ...target }, "ack");
    if (reached >= 3 || dies.includes("old guard")) process.kill(guardPid, "SIGKILL");
    if (dies.includes("new node")) guard.orphan();
    if (dies.includes("its guard")) guard.child.kill("SIGKILL");
    expect(await inside.ended).toBe("SIGKILL");
    expect(uptimeMs()).toBeGreaterThanOrEqual(leaseEndUptimeMs);
  });
});
