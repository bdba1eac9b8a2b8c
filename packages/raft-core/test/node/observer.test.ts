import { describe, expect, test } from "@jest/globals";
import {
  MemoryLogStorage,
  MemoryStateMachine,
  type RaftNodeSettings,
  type RaftObserver,
  type RaftReports,
  setCommand,
} from "../../src/index.ts";
import { Meter } from "../../src/node/meter.ts";
import { Cluster, gate, type Place, rejection } from "./cluster.ts";

type Told = { [Name in keyof RaftReports]: RaftReports[Name][] };

/** An observer that keeps what it is told. */
function recorder(): { readonly observer: RaftObserver; readonly told: Told } {
  const told: Told = {
    proposalEnded: [],
    readEnded: [],
    logWritten: [],
    batchApplied: [],
    appendAcknowledged: [],
    roleChanged: [],
    termChanged: [],
    electionStarted: [],
    electionWon: [],
    messagesDropped: [],
    snapshotSent: [],
    snapshotReceived: [],
  };
  const names = Object.keys(told) as (keyof RaftReports)[];
  const keep = (name: keyof RaftReports) => [name, (report: never) => told[name].push(report)] as const;
  return { observer: Object.fromEntries(names.map(keep)) as RaftObserver, told };
}

interface Delays {
  readonly syncMs?: number;
  readonly applyMs?: number;
}

/** A started cluster whose disks and states take their time, and what each node's observer was told. */
async function observed(
  size: number,
  { syncMs = 0, applyMs = 0 }: Delays = {},
  settings: Partial<RaftNodeSettings> = {},
) {
  const cluster = new Cluster(size, settings);
  const passes = (ms: number): Promise<void> =>
    ms === 0 ? Promise.resolve() : new Promise((resolve) => void cluster.clock.after(ms, resolve));
  const told = new Map<Place, Told>();
  for (const place of cluster.places) {
    const { observer, told: toldHere } = recorder();
    place.observer = observer;
    place.storage = new MemoryLogStorage({ sync: () => passes(syncMs) });
    const apply = place.stateMachine.apply.bind(place.stateMachine);
    place.stateMachine.apply = (entries) => passes(applyMs).then(() => apply(entries));
    told.set(place, toldHere);
    await cluster.start(place.id);
  }
  const leader = await cluster.leader();
  return { cluster, leader, toldTo: (place: Place) => told.get(place) ?? recorder().told };
}

const COMMAND = setCommand("stroke", "36");

describe("an observer of a node", () => {
  test("is told how long a proposal took, and its log write and its apply within", async () => {
    const { cluster, leader, toldTo } = await observed(1, { syncMs: 3, applyMs: 5 });
    const [proposing] = [leader.node.propose(COMMAND)];
    const { proposalEnded, logWritten, batchApplied } = toldTo(leader);
    const before = [logWritten.length, batchApplied.length] as const;
    await cluster.clock.advance(8);
    await proposing;
    const sizeBytes = COMMAND.length;
    expect(proposalEnded).toEqual([{ outcome: "applied", reason: undefined, latencyMs: 8, sizeBytes }]);
    expect(logWritten.slice(before[0])).toEqual([{ entries: 1, sizeBytes, durationMs: 3 }]);
    expect(batchApplied.slice(before[1])).toEqual([{ entries: 1, durationMs: 5 }]);
    await cluster.stop();
  });

  test("is told how long each peer took to acknowledge entries: its log write, here", async () => {
    const { cluster, leader, toldTo } = await observed(3, { syncMs: 3 });
    const { appendAcknowledged } = toldTo(leader);
    const before = appendAcknowledged.length;
    const proposing = leader.node.propose(COMMAND);
    await cluster.clock.advance(10);
    await proposing;
    const peers = cluster.others(leader).map(({ id }) => ({ peer: id, latencyMs: 3 }));
    expect(appendAcknowledged.slice(before)).toEqual(peers);
    await cluster.stop();
  });

  test("is told of an election: roles, the term, and how long winning took", async () => {
    const { cluster, leader, toldTo } = await observed(3, { syncMs: 3 });
    const { roleChanged, termChanged, electionStarted, electionWon } = toldTo(leader);
    const { term } = leader.node.status();
    expect(roleChanged).toEqual([
      { role: "preCandidate", previous: "follower", term: term - 1 },
      { role: "candidate", previous: "preCandidate", term },
      { role: "leader", previous: "candidate", term },
    ]);
    expect([termChanged, electionStarted]).toEqual([[{ term }], [{ term }]]);
    // Its own vote is synced before it asks, and theirs before they answer.
    expect(electionWon).toEqual([{ term, durationMs: 6 }]);
    for (const follower of cluster.others(leader)) {
      expect(toldTo(follower)).toMatchObject({ electionStarted: [], termChanged: [{ term }] });
    }
    await cluster.stop();
  });

  test("is told of reads, by the way they were asked", async () => {
    const { cluster, leader, toldTo } = await observed(3);
    const [follower] = cluster.others(leader) as [Place, Place];
    await cluster.result(leader.node.linearizableRead());
    await cluster.result(follower.node.linearizableRead({ forward: true }));
    await rejection(follower.node.linearizableRead());
    expect(toldTo(leader).readEnded).toEqual([{ kind: "leader", reason: undefined, latencyMs: 0 }]);
    expect(toldTo(follower).readEnded).toEqual([
      { kind: "forwarded", reason: undefined, latencyMs: 0 },
      { kind: "leader", reason: "NOT_LEADER", latencyMs: 0 },
    ]);
    expect(follower.node.metrics().reads).toEqual({ served: 1, rejected: 1 });
    await cluster.stop();
  });

  test("is told what the transport dropped, at the next tick", async () => {
    const { cluster, leader, toldTo } = await observed(3);
    cluster.network.isolate(leader.id);
    await cluster.clock.advance(100);
    cluster.network.heal();
    await cluster.clock.advance(10);
    const { messagesDropped } = toldTo(leader);
    const dropped = messagesDropped.reduce((sum, { messages }) => sum + messages, 0);
    expect(dropped).toBeGreaterThan(0);
    expect(leader.node.metrics().messagesDropped).toBe(dropped);
    await cluster.stop();
  });
});

describe("the end of a proposal is told as", () => {
  test("rejected, with the reason, when it was never proposed", async () => {
    const limits = { maxInflightProposals: 2, systemShare: 0, maxProposalBytes: 100 };
    const { cluster, leader, toldTo } = await observed(3, {}, limits);
    const [follower] = cluster.others(leader) as [Place, Place];
    const taken = [1, 2].map(() => leader.node.propose(COMMAND));
    await rejection(leader.node.propose(COMMAND));
    await rejection(leader.node.propose(new Uint8Array(101)));
    await cluster.result(Promise.all(taken));
    await rejection(follower.node.propose(COMMAND));
    const ends = toldTo(leader).proposalEnded.map(({ outcome, reason }) => [outcome, reason]);
    expect(ends).toEqual([
      ["rejected", "TOO_MANY_PROPOSALS"],
      ["rejected", "PROPOSAL_TOO_LARGE"],
      ["applied", undefined],
      ["applied", undefined],
    ]);
    expect(toldTo(follower).proposalEnded).toMatchObject([{ outcome: "rejected", reason: "NOT_LEADER" }]);
    const counts = { applied: 2, dropped: 0, rejected: 2, unknown: 0, tooMany: 1 };
    expect(leader.node.metrics().proposals).toEqual(counts);
    await cluster.stop();
  });

  test("dropped when its caller gave up before the log took it", async () => {
    const { cluster, leader, toldTo } = await observed(1);
    const caller = new AbortController();
    const proposing = rejection(leader.node.propose(COMMAND, { signal: caller.signal }));
    caller.abort();
    await proposing;
    expect(toldTo(leader).proposalEnded).toEqual([
      { outcome: "dropped", reason: "PROPOSAL_DROPPED", latencyMs: 0, sizeBytes: COMMAND.length },
    ]);
    await cluster.stop();
  });

  test("unknown, once, when its caller gave up after that", async () => {
    const { cluster, leader, toldTo } = await observed(1, { syncMs: 5 });
    const caller = new AbortController();
    const proposing = rejection(leader.node.propose(COMMAND, { signal: caller.signal }));
    await cluster.clock.advance(2);
    caller.abort();
    await proposing;
    await cluster.clock.advance(10);
    expect(leader.stateMachine.get("stroke")).toBe("36");
    expect(toldTo(leader).proposalEnded).toMatchObject([{ outcome: "unknown", latencyMs: 2 }]);
    expect(leader.node.metrics().proposals).toMatchObject({ applied: 0, unknown: 1 });
    await cluster.stop();
  });

  test("unknown when leadership was lost, as long after the call as that took", async () => {
    const { cluster, leader, toldTo } = await observed(3);
    cluster.network.isolate(leader.id);
    const beganAtMs = cluster.clock.now();
    let answeredAtMs = 0;
    const proposing = rejection(leader.node.propose(COMMAND)).finally(
      () => (answeredAtMs = cluster.clock.now()),
    );
    await cluster.result(proposing);
    const latencyMs = answeredAtMs - beganAtMs;
    expect(latencyMs).toBeGreaterThan(0);
    const reason = "PROPOSAL_OUTCOME_UNKNOWN";
    expect(toldTo(leader).proposalEnded).toMatchObject([{ outcome: "unknown", reason, latencyMs }]);
    await cluster.stop();
  });
});

describe("a snapshot is told, at both ends, as", () => {
  const SMALL = {
    logMaxEntries: 20,
    logMaxBytes: 100_000,
    logHardBytes: 200_000,
    snapshotRetryMs: { min: 100, max: 400 },
  };

  /** A follower that needs a snapshot once the network is healed. */
  async function withLaggard() {
    const { cluster, leader, toldTo } = await observed(3, {}, SMALL);
    const [behind] = cluster.others(leader) as [Place, Place];
    cluster.network.isolate(behind.id);
    for (let i = 0; i < 60; i++) await cluster.result(leader.node.propose(setCommand(`k${i}`, "v")));
    return {
      cluster,
      leader,
      behind,
      sent: toldTo(leader).snapshotSent,
      received: toldTo(behind).snapshotReceived,
    };
  }

  test("installed, with its size and how long it took", async () => {
    const { cluster, leader, behind, sent, received } = await withLaggard();
    const restoring = gate();
    const restore = behind.stateMachine.restore.bind(behind.stateMachine);
    behind.stateMachine.restore = (meta, chunks) => restoring.opened.then(() => restore(meta, chunks));
    cluster.network.heal();
    await cluster.until(() => leader.node.status().snapshotsSending === 1, "a snapshot begins");
    await cluster.clock.advance(25);
    restoring.open();
    await cluster.converge();
    const sizeBytes = sent[0]?.sizeBytes ?? 0;
    expect(sizeBytes).toBeGreaterThan(60);
    expect(sent).toEqual([{ to: behind.id, outcome: "installed", sizeBytes, durationMs: 25 }]);
    expect(received).toEqual([{ from: leader.id, outcome: "installed", sizeBytes, durationMs: 25 }]);
    expect([leader.node.metrics().snapshotsSent, behind.node.metrics().snapshotsInstalled]).toEqual([1, 1]);
    await cluster.stop();
  });

  test("failed, and then installed, when the first did not arrive whole", async () => {
    const { cluster, leader, behind, sent, received } = await withLaggard();
    const restore = MemoryStateMachine.prototype.restore.bind(behind.stateMachine);
    let damaged = Object.assign(new Error("damaged"), { category: "invalid" }) as Error | undefined;
    behind.stateMachine.restore = (meta, chunks) => {
      const error = damaged;
      damaged = undefined;
      return error === undefined ? restore(meta, chunks) : Promise.reject(error);
    };
    cluster.network.heal();
    await cluster.converge();
    expect(sent.map(({ outcome }) => outcome)).toEqual(["failed", "installed"]);
    expect(received.map(({ outcome }) => outcome)).toEqual(["failed", "installed"]);
    expect(leader.node.metrics()).toMatchObject({ snapshotsSent: 1, snapshotsFailed: 1 });
    await cluster.stop();
  });
});

test("an observer that throws surfaces as an uncaught error, and the node goes on", () => {
  const failed = new Error("a bug of the observer");
  const observer: RaftObserver = {
    termChanged: () => {
      throw failed;
    },
  };
  const clock = new Cluster(1).clock;
  const meter = new Meter({ clock, observer, droppedMessages: () => undefined });
  const [queueMicrotaskBefore, queued] = [globalThis.queueMicrotask, [] as (() => void)[]];
  globalThis.queueMicrotask = (callback) => void queued.push(callback);
  try {
    meter.observe({ type: "termChanged", term: 2 });
  } finally {
    globalThis.queueMicrotask = queueMicrotaskBefore;
  }
  expect(queued).toHaveLength(1);
  expect(queued[0]).toThrow(failed);
});

test("without an observer everything is counted, and the clock is not read", async () => {
  const { cluster, leader } = await Cluster.led(3);
  let reads = 0;
  const now = cluster.clock.now.bind(cluster.clock);
  cluster.clock.now = () => (reads++, now());
  const before = leader.node.metrics();
  for (let i = 0; i < 5; i++) await cluster.result(leader.node.propose(COMMAND));
  await cluster.result(leader.node.linearizableRead());
  await cluster.clock.advance(100);
  const after = leader.node.metrics();
  expect(reads).toBe(0);
  expect(before).toMatchObject({ electionsStarted: 1, electionsWon: 1, messagesDropped: 0 });
  expect(after).toMatchObject({ proposals: { applied: 5 }, reads: { served: 1 } });
  expect([after.writes - before.writes, after.appliedEntries - before.appliedEntries]).toEqual([5, 5]);
  expect(after.messagesOut - before.messagesOut).toBeGreaterThanOrEqual(10);
  expect(after.messagesIn - before.messagesIn).toBeGreaterThanOrEqual(10);
  await cluster.stop();
});
