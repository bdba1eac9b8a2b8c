import { expect, test } from "@jest/globals";
import { ManualClock, type SnapshotMeta } from "../../src/index.ts";
import { IncomingSnapshots, type IncomingSnapshotsParts } from "../../src/node/incoming-snapshots.ts";
import { Meter } from "../../src/node/meter.ts";
import { eventLoopTurn, gate, rejection } from "./cluster.ts";

const meta: SnapshotMeta = {
  index: 20,
  term: 3,
  configuration: { voters: [1], votersOutgoing: [], learners: [] },
  featureLevel: 0,
};

async function* twoChunks(onReturn: () => void = () => {}): AsyncGenerator<Uint8Array> {
  try {
    yield new Uint8Array(1);
    yield new Uint8Array(2);
  } finally {
    onReturn();
  }
}

function under(parts: Partial<IncomingSnapshotsParts> = {}) {
  const log: string[] = [];
  const incoming = new IncomingSnapshots({
    stateMachine: {
      async restore(_meta, chunks) {
        log.push("restore");
        for await (const chunk of chunks) log.push(`chunk ${chunk.length}`);
      },
    },
    clock: new ManualClock(),
    meter: new Meter(),
    stallMs: 1_000,
    featureLevel: 0,
    decide: () => ({ install: true, keepsLog: false }),
    applyIdle: () => Promise.resolve(),
    beginLogAfter: (_meta, keepsLog) => Promise.resolve(void log.push(keepsLog ? "compact" : "reset")),
    onInstalled: () => log.push("installed"),
    onNotInstalled: () => log.push("not installed"),
    onRefused: (_incoming, error) => log.push(`refused ${error.message}`),
    onFatal: (error) => log.push(`fatal ${error.message}`),
    ...parts,
  });
  const receive = (chunks = twoChunks()): Promise<void> =>
    incoming.receive({ from: 1, term: 3, meta, chunks });
  return { incoming, log, receive };
}

test("the state is restored after the last apply, then the log is reset, then the core is told", async () => {
  const applied = gate();
  const { log, receive } = under({ applyIdle: () => applied.opened });
  const received = receive();
  await eventLoopTurn();
  expect(log).toEqual([]);
  applied.open();
  await received;
  expect(log).toEqual(["restore", "chunk 1", "chunk 2", "reset", "installed"]);
});

test("a log that only lacked the state is kept after the snapshot", async () => {
  const { log, receive } = under({ decide: () => ({ install: true, keepsLog: true }) });
  await receive();
  expect(log.slice(-2)).toEqual(["compact", "installed"]);
});

test("the log is not reset after the node stopped, although the state was restored", async () => {
  const restored = gate();
  const { incoming, log, receive } = under({ stateMachine: { restore: () => restored.opened } });
  const received = rejection(receive());
  await eventLoopTurn();
  incoming.halt(new Error("stop"));
  restored.open();
  expect(await received).toMatchObject({ code: "NODE_STOPPED" });
  await incoming.idle();
  expect(log).toEqual([]);
});

test("a state machine that reads nothing still lets the sender go", async () => {
  let returned = false;
  const chunks = twoChunks(() => (returned = true));
  await chunks.next();
  const { receive } = under({
    stateMachine: { restore: () => Promise.reject(Object.assign(new Error("no"), { category: "invalid" })) },
  });
  await rejection(receive(chunks));
  await eventLoopTurn();
  expect(returned).toBe(true);
});

test("a failed restore leaves room for the next snapshot", async () => {
  let failures = 1;
  const restore = (): Promise<void> =>
    failures-- > 0
      ? Promise.reject(Object.assign(new Error("bad"), { category: "invalid" }))
      : Promise.resolve();
  const { log, receive } = under({ stateMachine: { restore } });
  await rejection(receive());
  await receive();
  expect(log).toEqual(["not installed", "refused bad", "reset", "installed"]);
});

test.each([
  ["invalid", "not installed"],
  ["unavailable", "not installed"],
  ["internal", "fatal bad"],
  [undefined, "fatal bad"],
])("a restore that fails with category %s: %s", async (category, consequence) => {
  const restore = (): Promise<void> => Promise.reject(Object.assign(new Error("bad"), { category }));
  const { log, receive } = under({ stateMachine: { restore } });
  await rejection(receive());
  expect(log[0]).toBe(consequence);
});
