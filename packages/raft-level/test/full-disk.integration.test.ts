/** A small real disk that runs full, and what a restart finds once there is room. */
import { describe, expect, jest, test } from "@jest/globals";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import { clockFrom, MemoryNetwork, MemoryStateMachine, RaftNode, setCommand } from "@coxswain/raft-core";
import type { RaftNodeEvent } from "@coxswain/raft-core";
import { FileIdentityStore } from "../src/file-identity-store.ts";
import { LevelLogStorage } from "../src/level-log-storage.ts";
import { SmallDisk, smallDiskMissing } from "./small-disk.ts";
import { batch, entry } from "./workplace.ts";

// What was lost once is lost: no second try forgives it.
jest.retryTimes(0);

const MIB = 1_048_576;
const ENTRY_BYTES = 20_000;
const missing = smallDiskMissing();
if (missing !== undefined) console.warn(`SKIPPED: a disk that runs full: ${missing}`);
const onSmallDisk = missing === undefined ? describe : describe.skip;

/** Appends until a call rejects; returns the last index acknowledged and the error. */
async function appendUntilFull(
  storage: LevelLogStorage,
  from: number,
): Promise<{ acknowledged: number; error: unknown }> {
  for (let index = from; ; index++) {
    const error = await storage
      .append(batch([entry(index, 1, ENTRY_BYTES)], { term: 1, votedFor: 1 }))
      .catch((reason: unknown) => reason);
    if (error !== undefined) return { acknowledged: index - 1, error };
  }
}

interface Member {
  readonly node: RaftNode<string | undefined>;
  readonly storage: LevelLogStorage;
  readonly state: MemoryStateMachine;
  readonly ready: Promise<RaftNodeEvent[]>;
  readonly fatal: Promise<RaftNodeEvent[]>;
}

/** The only voter of a cluster, with its state in memory: a start applies the whole log again. */
async function startMember(directory: string): Promise<Member> {
  const storage = await LevelLogStorage.open(directory);
  const state = new MemoryStateMachine();
  const events = new EventEmitter();
  const ready = once(events, "leaderReady");
  const fatal = once(events, "fatal");
  const node = await RaftNode.start({
    id: 1,
    bootstrap: { voters: [1], votersOutgoing: [], learners: [] },
    storage,
    stateMachine: state,
    transport: new MemoryNetwork().transport(1),
    clock: clockFrom({ now: () => performance.now(), setInterval, clearInterval, setTimeout, clearTimeout }),
    random: () => 0.5,
    onEvent: (event) => events.emit(event.type, event),
  });
  return { node, storage, state, ready, fatal };
}

onSmallDisk("on a disk that runs full", () => {
  test.each([1, 2, 6, 12])(
    "of %d MiB an append rejects, and nothing is acknowledged after it; with room, a restart holds all that was",
    async (sizeMiB) => {
      await using disk = new SmallDisk(sizeMiB * MIB);
      const directory = join(disk.path, "log");
      let storage = await LevelLogStorage.open(directory);
      const { acknowledged, error } = await appendUntilFull(storage, 1);
      expect(error).toMatchObject({ code: "STORAGE_FAILED", category: "internal" });
      expect(String(error)).toContain(directory);
      expect(String(error)).toMatch(/No space left on device/);
      expect(acknowledged).toBeGreaterThan(10);
      await disk.fill();
      await disk.makeRoom();
      await expect(storage.append(batch([entry(acknowledged + 1, 1, 10)]))).rejects.toBe(error);
      await storage.close();

      await disk.fill();
      for (let attempt = 1; attempt <= 3; attempt++)
        await expect(LevelLogStorage.open(directory)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
      // The operator gives the directory a larger disk.
      await disk.makeRoom();
      disk.grow((sizeMiB + 16) * MIB);
      storage = await LevelLogStorage.open(directory);
      const { entries } = await storage.load();
      expect([acknowledged, acknowledged + 1]).toContain(entries.length);
      entries.forEach((each) =>
        expect(Buffer.compare(each.data, entry(each.index, 1, ENTRY_BYTES).data)).toBe(0),
      );
      await storage.append(batch([entry(entries.length + 1, 1, ENTRY_BYTES)]));
      await storage.close();
    },
    60_000,
  );

  test("an identity that cannot be saved is refused, and the one before stays", async () => {
    await using disk = new SmallDisk(MIB);
    const store = new FileIdentityStore(disk.path);
    await store.save({ nodeUuid: "uuid-1", starts: 1 });
    await disk.fill();
    await expect(store.save({ nodeUuid: "uuid-1", starts: 2 })).rejects.toMatchObject({
      code: "STORAGE_FAILED",
      cause: { code: "ENOSPC" },
    });
    expect(store.saved?.starts).toBe(1);
    expect((await new FileIdentityStore(disk.path).load())?.starts).toBe(1);
    await disk.makeRoom();
    await store.save({ nodeUuid: "uuid-1", starts: 2 });
    expect((await new FileIdentityStore(disk.path).load())?.starts).toBe(2);
  });

  test("a node ends fatally, and with room has every proposal that it acknowledged", async () => {
    await using disk = new SmallDisk(4 * MIB);
    const first = await startMember(join(disk.path, "log"));
    await first.ready;
    const value = "x".repeat(ENTRY_BYTES);
    let acknowledged = 0;
    let outcome: unknown;
    while (outcome === undefined) {
      const key = String(acknowledged + 1);
      outcome = await first.node.propose(setCommand(key, value)).then(
        () => void (acknowledged += 1),
        (error: unknown) => error,
      );
    }
    expect(outcome).toMatchObject({ code: "PROPOSAL_OUTCOME_UNKNOWN" });
    expect(await first.fatal).toMatchObject([{ type: "fatal", error: { code: "STORAGE_FAILED" } }]);
    await expect(first.node.propose(setCommand("late", value))).rejects.toMatchObject({
      code: expect.stringMatching(/NODE_STOPPED|STORAGE_FAILED/),
    });
    await first.node.stop();
    await first.storage.close();

    disk.grow(32 * MIB);
    const second = await startMember(join(disk.path, "log"));
    await second.ready;
    for (let key = 1; key <= acknowledged; key++) expect(second.state.get(String(key))).toBe(value);
    await second.node.propose(setCommand("after", "there is room"));
    await second.node.stop();
    await second.storage.close();
  }, 60_000);
});
