import { describe, expect, test } from "@jest/globals";
import {
  type Configuration,
  type Entry,
  MemoryLogStorage,
  MemoryStateMachine,
  type PersistedState,
  setCommand,
  type SnapshotMeta,
} from "../../src/index.ts";
import { encodeConfiguration } from "../../src/core/configuration.ts";
import { Raft } from "../../src/core/raft.ts";
import { loadAndReconcile } from "../../src/node/restart.ts";
import { Cluster, type Place, rejection } from "./cluster.ts";

const MEMBERS: Configuration = { voters: [1, 2, 3], votersOutgoing: [], learners: [] };
const meta = (index: number, term: number): SnapshotMeta => ({
  index,
  term,
  configuration: MEMBERS,
  featureLevel: 0,
});

const ALONE: Configuration = { voters: [1], votersOutgoing: [], learners: [4] };

function configEntry(index: number, term: number, configuration: Configuration): Entry {
  return { index, term, type: "config", data: encodeConfiguration(configuration) };
}

function entries(first: number, last: number, term: number): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    index: first + i,
    term,
    type: "normal",
    data: setCommand(`k${first + i}`, String(term)),
  }));
}

async function stateAt(index: number, term: number): Promise<MemoryStateMachine> {
  const source = new MemoryStateMachine();
  const machine = new MemoryStateMachine();
  await machine.restore(meta(index, term), (await source.snapshot()).chunks);
  return machine;
}

function reconcile(log: PersistedState, stateMachine: MemoryStateMachine, featureLevel = 0) {
  const storage = new MemoryLogStorage({}, log);
  const result = loadAndReconcile({ id: 1, storage, stateMachine, bootstrap: MEMBERS, featureLevel });
  return { storage, result };
}

const log = (snapshot: SnapshotMeta, held: Entry[], term: number): PersistedState => ({
  hardState: { term, votedFor: 2 },
  snapshot,
  entries: held,
});

describe("a start (G18)", () => {
  test("on an empty disk records the founding members, which no later start can change", async () => {
    const storage = new MemoryLogStorage();
    const stateMachine = new MemoryStateMachine();
    const start = (bootstrap: Configuration) =>
      loadAndReconcile({ id: 1, storage, stateMachine, bootstrap, featureLevel: 0 });
    expect((await start(MEMBERS)).snapshot.configuration).toEqual(MEMBERS);
    expect((await start({ ...MEMBERS, voters: [7] })).snapshot.configuration).toEqual(MEMBERS);
  });

  test("with a state inside the log keeps the log", async () => {
    const persisted = log(meta(5, 1), entries(6, 10, 2), 3);
    for (const [index, term] of [
      [5, 1],
      [8, 2],
      [10, 2],
    ] as const) {
      expect(await reconcile(persisted, await stateAt(index, term)).result).toEqual(persisted);
    }
  });

  test("with a state ahead of the log resets the log, and keeps term and vote", async () => {
    const { storage, result } = reconcile(log(meta(0, 0), entries(1, 10, 2), 3), await stateAt(20, 3));
    const expected = { hardState: { term: 3, votedFor: 2 }, snapshot: meta(20, 3), entries: [] };
    expect(await result).toEqual(expected);
    expect(await storage.load()).toEqual(expected);
  });

  test("scenario 16, cut short: a log that holds another leader's entry at the state's end is reset", async () => {
    const { storage, result } = reconcile(log(meta(0, 0), entries(1, 25, 2), 3), await stateAt(20, 3));
    expect(await result).toEqual({ hardState: { term: 3, votedFor: 2 }, snapshot: meta(20, 3), entries: [] });
    expect((await storage.load()).snapshot.index).toBe(20);
  });

  test("raises the term to the state's when the log never recorded it, without a vote", async () => {
    const { storage, result } = reconcile(log(meta(0, 0), entries(1, 10, 2), 2), await stateAt(20, 5));
    expect((await result).hardState).toEqual({ term: 5, votedFor: 0 });
    expect((await storage.load()).hardState).toEqual({ term: 5, votedFor: 0 });
  });

  test("that is cut short between its two writes leaves a log that the next start takes", async () => {
    let storageCalls = 0;
    const cutAfterFirst = (): Promise<void> =>
      (storageCalls += 1) === 1 ? Promise.resolve() : Promise.reject(new Error("power cut"));
    const storage = new MemoryLogStorage({ sync: cutAfterFirst }, log(meta(0, 0), entries(1, 10, 2), 2));
    const start = { id: 1, stateMachine: await stateAt(20, 5), bootstrap: MEMBERS, featureLevel: 0 };
    await rejection(loadAndReconcile({ ...start, storage }));
    const again = await loadAndReconcile({
      ...start,
      storage: storage.crash({ sync: () => Promise.resolve() }),
    });
    expect(new Raft({ id: 1, appliedIndex: 20 }, again, () => 0).term).toBe(5);
  });

  test("with a log that begins beyond the state leaves the log as it is, for a leader to send a state (G17)", async () => {
    const persisted = log(meta(9, 1), entries(10, 12, 2), 3);
    const { storage, result } = reconcile(persisted, await stateAt(8, 1));
    expect(await result).toEqual(persisted);
    expect(await storage.load()).toEqual(persisted);
  });

  test.each([
    ["in the snapshot", { ...meta(9, 1), configuration: ALONE }, entries(10, 12, 2)],
    ["in the log's last config entry", meta(9, 1), [configEntry(10, 2, ALONE), ...entries(11, 12, 2)]],
  ])(
    "of the only voter %s with a log that begins beyond the state is refused, and asks for a backup",
    async (_where, at, held) => {
      const error = await rejection(reconcile(log(at, held, 3), await stateAt(8, 1)).result);
      expect(error).toMatchObject({ code: "STATE_BEHIND_LOG", category: "internal" });
      expect(String(error)).toMatch(/ends at index 8 but the log begins at 10: .* Restore a backup/);
    },
  );

  test.each([
    ["state", 3, 0],
    ["log", 0, 3],
  ])("with a %s of a feature level above ours is refused (G7)", async (_of, state, logged) => {
    const stateMachine = new MemoryStateMachine({ featureLevel: state });
    const { result } = reconcile(log({ ...meta(0, 0), featureLevel: logged }, [], 1), stateMachine, 2);
    expect(await rejection(result)).toMatchObject({
      code: "FEATURE_LEVEL_UNSUPPORTED",
      category: "conflict",
    });
  });
});

describe("a restarted node", () => {
  test("applies nothing again, and nothing before the leader tells the commit", async () => {
    const { cluster, leader } = await Cluster.led(3);
    for (let i = 0; i < 10; i++) await cluster.result(leader.node.propose(setCommand(`k${i}`, "v")));
    await cluster.converge();
    const [follower] = cluster.others(leader) as [Place, Place];
    const applied = follower.stateMachine.appliedIndex();
    await cluster.crash(follower);
    cluster.network.isolate(follower.id);
    const seen: number[] = [];
    const apply = follower.stateMachine.apply.bind(follower.stateMachine);
    follower.stateMachine.apply = (batch) => {
      seen.push(...batch.map(({ index }) => index));
      return apply(batch);
    };
    await cluster.start(follower.id);
    await cluster.clock.advance(50);
    expect(seen).toEqual([]);
    cluster.network.heal();
    await cluster.result(leader.node.propose(setCommand("after", "v")));
    await cluster.converge();
    expect(seen).toEqual([applied + 1]);
    await cluster.stop();
  });

  test("whose state was not durable to the end replays the rest from its log", async () => {
    const cluster = new Cluster(3);
    for (const place of cluster.places) place.stateMachine = new MemoryStateMachine({ durableEvery: 8 });
    for (const { id } of cluster.places) await cluster.start(id);
    const leader = await cluster.leader();
    for (let i = 0; i < 21; i++) await cluster.result(leader.node.propose(setCommand(`k${i}`, "v")));
    await cluster.converge();
    for (const place of cluster.places) await cluster.crash(place);
    expect(leader.stateMachine.appliedIndex()).toBeLessThan(22);
    for (const { id } of cluster.places) await cluster.start(id);
    await cluster.leader();
    await cluster.converge();
    for (const { stateMachine } of cluster.places) expect(stateMachine.pairs()).toHaveLength(21);
    await cluster.stop();
  });

  test("keeps its term and its vote", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const before = cluster.places.map(({ node }) => node.status());
    for (const place of cluster.places) await cluster.crash(place);
    for (const { id } of cluster.places) await cluster.start(id);
    expect(cluster.places.map(({ node }) => node.status().votedFor)).toEqual(
      before.map(({ votedFor }) => votedFor),
    );
    expect(cluster.places.map(({ node }) => node.status().term)).toEqual(before.map(({ term }) => term));
    expect((await cluster.leader()).node.status().term).toBeGreaterThan(
      leader.eventsOf("leaderReady")[0]?.term ?? 0,
    );
    await cluster.stop();
  });
});
