import { expect, test } from "@jest/globals";
import { ManualClock, type RaftNodeEvent, type Snapshot, type SnapshotMeta } from "../../src/index.ts";
import { Meter } from "../../src/node/meter.ts";
import { OutgoingSnapshots, type OutgoingSnapshotsParts } from "../../src/node/outgoing-snapshots.ts";
import { eventLoopTurn, gate } from "./cluster.ts";

const members = { voters: [1, 2], votersOutgoing: [], learners: [] };
const meta = (index: number): SnapshotMeta => ({ index, term: 3, configuration: members, featureLevel: 0 });

function under(parts: Partial<OutgoingSnapshotsParts> = {}) {
  const events: RaftNodeEvent[] = [];
  const ended: (readonly [number, number | undefined])[] = [];
  let closed = 0;
  const snapshot = (): Promise<Snapshot> =>
    Promise.resolve({
      meta: meta(15),
      chunks: (async function* () {})(),
      close: () => Promise.resolve(void closed++),
    });
  const clock = new ManualClock({ settle: eventLoopTurn });
  const outgoing = new OutgoingSnapshots({
    stateMachine: { snapshot, durable: () => meta(10) },
    transport: { sendSnapshot: () => Promise.resolve() },
    clock,
    meter: new Meter(),
    retryMs: { min: 100, max: 400 },
    complete: (found) => found,
    onEnded: (to, sent) => ended.push([to, sent?.index]),
    emit: (event) => events.push(event),
    ...parts,
  });
  return { outgoing, clock, events, ended, closed: () => closed };
}

test("the core is told once, after the snapshot was closed", async () => {
  const { outgoing, ended, events, closed } = under();
  outgoing.send({ to: 2, term: 3 });
  await outgoing.idle();
  expect([ended, closed(), outgoing.active]).toEqual([[[2, 15]], 1, 0]);
  expect(events).toEqual([{ type: "snapshotSent", to: 2, meta: meta(15) }]);
});

test("the log is held from the durable point on while a snapshot is taken, then from its own (G18)", async () => {
  const [taking, sending] = [gate(), gate()];
  const { outgoing } = under({
    stateMachine: {
      durable: () => meta(10),
      snapshot: async () => {
        await taking.opened;
        return { meta: meta(15), chunks: (async function* () {})(), close: () => Promise.resolve() };
      },
    },
    transport: { sendSnapshot: () => sending.opened },
  });
  expect(outgoing.heldIndex()).toBeUndefined();
  outgoing.send({ to: 2, term: 3 });
  expect(outgoing.heldIndex()).toBe(10);
  taking.open();
  await eventLoopTurn();
  expect(outgoing.heldIndex()).toBe(15);
  outgoing.abortAll(new Error("too long"));
  expect(outgoing.heldIndex()).toBeUndefined();
  sending.open();
  await outgoing.idle();
});

test("a state that cannot be read is a failure like any other: told after a pause", async () => {
  const { outgoing, clock, ended, events } = under({
    stateMachine: { durable: () => meta(10), snapshot: () => Promise.reject(new Error("EIO")) },
  });
  outgoing.send({ to: 2, term: 3 });
  await clock.advance(99);
  expect([ended, events]).toEqual([
    [],
    [{ type: "snapshotFailed", to: 2, error: new Error("EIO"), retryMs: 100 }],
  ]);
  await clock.advance(1);
  expect(ended).toEqual([[2, undefined]]);
});

test("with the leadership go the snapshots, their retries and their news", async () => {
  const { outgoing, clock, ended, events, closed } = under({
    transport: {
      sendSnapshot: (to, _term, _meta, _chunks, signal) =>
        to === 2
          ? Promise.reject(new Error("down"))
          : new Promise((_resolve, reject) =>
              signal.addEventListener("abort", () => reject(new Error("aborted"))),
            ),
    },
  });
  outgoing.send({ to: 2, term: 3 });
  outgoing.send({ to: 3, term: 3 });
  await clock.settle();
  expect(clock.pendingTimers).toBe(1);
  outgoing.end(new Error("deposed"));
  await outgoing.idle();
  expect([clock.pendingTimers, outgoing.active, closed()]).toEqual([0, 0, 2]);
  expect([ended, events.length]).toEqual([[], 1]);
});
