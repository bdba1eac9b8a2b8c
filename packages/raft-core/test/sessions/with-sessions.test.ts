import { describe, expect, test } from "@jest/globals";
import {
  type Entry,
  jsonResults,
  MemoryStateMachine,
  resultOrThrow,
  type SessionLimits,
  type SessionResult,
  type SessionStateMachine,
  setCommand,
  type StateMachine,
  withSessions,
} from "../../src/index.ts";
import { rejection, sequenceOf } from "../node/cluster.ts";
import {
  all,
  commandAt,
  counterResults,
  entryOf,
  increment,
  MemoryCounters,
  piecesOf,
  registerAt,
} from "./counters.ts";

const results = counterResults;
const limits = (changed: Partial<SessionLimits>): SessionLimits => ({
  maxSessions: 10,
  maxOutstanding: 10,
  maxResultBytes: 100,
  ...changed,
});

async function counters(): Promise<{
  inner: MemoryCounters;
  machine: SessionStateMachine<number | undefined>;
}> {
  const inner = new MemoryCounters();
  return { inner, machine: await withSessions(inner, { results }) };
}

const applied = (result: number, repeated = false): SessionResult<number> => ({
  kind: "result",
  result,
  repeated,
});

describe("a proposal that is in the log twice", () => {
  test("applies once, and both are answered with the first result", async () => {
    const { inner, machine } = await counters();
    const answers = await machine.apply([
      registerAt(1),
      commandAt(2, 1, 1),
      commandAt(3, 1, 2),
      commandAt(4, 1, 1),
    ]);
    expect(answers).toEqual([
      { kind: "registered", session: 1, maxOutstanding: 128 },
      applied(1),
      applied(2),
      applied(1, true),
    ]);
    expect(inner.counters).toEqual({ s1: 2 });
  });

  test("applies twice without a session", async () => {
    const { inner, machine } = await counters();
    const plain = (index: number): Entry => entryOf(index, { kind: "plain", payload: increment("a") });
    expect(await machine.apply([plain(1), plain(2)])).toEqual([applied(1), applied(2)]);
    expect(inner.counters).toEqual({ a: 2 });
  });

  test("is told when its result was too large to keep", async () => {
    const { inner, machine } = await counters();
    const said = entryOf(1, { kind: "limits", limits: limits({ maxResultBytes: 1 }) });
    const answers = await machine.apply([
      said,
      registerAt(2),
      ...Array.from({ length: 10 }, (_, i) => commandAt(3 + i, 2, 1 + i)),
      commandAt(13, 2, 10),
      commandAt(14, 2, 9),
    ]);
    expect(answers.slice(-3)).toEqual([
      applied(10),
      { kind: "refused", reason: "resultNotKept" },
      applied(9, true),
    ]);
    expect(inner.counters).toEqual({ s2: 10 });
  });
});

describe("the state machine inside", () => {
  test("sees every index: a noop stands for what is not for it", async () => {
    const { inner, machine } = await counters();
    await machine.apply([
      { index: 1, term: 1, type: "noop", data: new Uint8Array(0) },
      registerAt(2),
      commandAt(3, 2, 1),
      commandAt(4, 2, 1),
      { index: 5, term: 1, type: "normal", data: increment("bare") },
      entryOf(6, { kind: "end", session: 2 }),
    ]);
    expect(inner.seen).toEqual(["noop", "noop", "normal", "noop", "normal", "noop"]);
    expect(inner.counters).toEqual({ s2: 1, bare: 1 });
  });

  test("is not asked about an entry that cannot be read, which is refused", async () => {
    const { inner, machine } = await counters();
    const unknown = { ...registerAt(1), data: Uint8Array.of(0xf5, 0x53, 0x45, 0x53, 99) };
    expect(await machine.apply([unknown])).toEqual([{ kind: "refused", reason: "entryMalformed" }]);
    expect([inner.seen, machine.appliedIndex()]).toEqual([["noop"], 1]);
  });
});

describe("a refusal becomes an error that says what is known", () => {
  test.each([
    ["sessionUnknown", { code: "SESSION_EXPIRED", category: "unknown-outcome", mayHaveBeenApplied: true }],
    ["serialStale", { code: "SESSION_SERIAL_STALE", category: "conflict" }],
    ["windowFull", { code: "SESSION_WINDOW_FULL", category: "exhausted" }],
    ["resultNotKept", { code: "SESSION_RESULT_NOT_KEPT", category: "conflict" }],
    ["entryMalformed", { code: "SESSION_ENTRY_INVALID", category: "invalid" }],
  ] as const)("%s", async (reason, meaning) => {
    const error = await rejection(Promise.resolve().then(() => resultOrThrow({ kind: "refused", reason })));
    expect(error).toMatchObject(meaning);
  });
});

/** A log in which sessions come, repeat, fall behind and expire. */
function randomLog(seed: number, length: number): Entry[] {
  const random = sequenceOf(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const sessions = [1];
  const log: Entry[] = [registerAt(1)];
  for (let index = 2; index <= length; index++) {
    const dice = below(30);
    const session = sessions[Math.max(0, sessions.length - 1 - below(5))] ?? 1;
    const firstUnanswered = 1 + below(index / 10);
    if (dice < 2) sessions.push(index);
    if (dice < 2) log.push(registerAt(index));
    else if (dice === 2) log.push(entryOf(index, { kind: "end", session }));
    else if (dice === 3) {
      const changed = {
        maxSessions: 1 + below(4),
        maxOutstanding: 1 + below(6),
        maxResultBytes: 1 + below(2),
      };
      log.push(entryOf(index, { kind: "limits", limits: changed }));
    } else
      log.push(
        commandAt(index, session, firstUnanswered + below(7), { firstUnanswered, name: `n${below(3)}` }),
      );
  }
  return log;
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "answers and state do not depend on where batches begin, nor on restarts from snapshots between them (seed %i)",
  async (seed) => {
    const log = randomLog(seed, 1_000);
    const [one, other] = [await counters(), await counters()];
    const atOnce = await one.machine.apply(log);
    const random = sequenceOf(seed + 100);
    const inBatches: SessionResult<number | undefined>[] = [];
    for (let at = 0; at < log.length;) {
      const end = at + 1 + Math.floor(random() * 9);
      inBatches.push(...(await other.machine.apply(log.slice(at, end))));
      at = end;
      if (random() > 0.2) continue;
      const snapshot = await other.machine.snapshot();
      Object.assign(other, await counters());
      await other.machine.restore(snapshot.meta, snapshot.chunks);
    }
    expect(inBatches).toEqual(atOnce);
    expect(other.inner.counters).toEqual(one.inner.counters);
    expect(other.machine.sessionStatus()).toEqual(one.machine.sessionStatus());
    expect(
      new Set(atOnce.map((answer) => ("reason" in answer ? answer.reason : answer.kind))).size,
    ).toBeGreaterThanOrEqual(6);
  },
);

describe("sessions of a state in memory", () => {
  test("travel with a snapshot: a repetition after it applies nothing", async () => {
    const [source, target] = [await counters(), await counters()];
    await source.machine.apply([registerAt(1), commandAt(2, 1, 1)]);
    const snapshot = await source.machine.snapshot();
    await source.machine.apply([commandAt(3, 1, 2)]);
    await target.machine.restore(snapshot.meta, piecesOf(await all(snapshot.chunks), 3));
    expect(await target.machine.apply([commandAt(3, 1, 1), commandAt(4, 1, 2)])).toEqual([
      applied(1, true),
      applied(2),
    ]);
  });

  test("wait for no batch: a snapshot during apply is of one point, sessions and state", async () => {
    const [source, target] = [await counters(), await counters()];
    await source.machine.apply([registerAt(1)]);
    const applying = source.machine.apply([commandAt(2, 1, 1)]);
    const snapshot = await source.machine.snapshot();
    await applying;
    await target.machine.restore(snapshot.meta, snapshot.chunks);
    expect(snapshot.meta.index).toBe(2);
    expect((await target.machine.apply([commandAt(3, 1, 1)]))[0]).toEqual(applied(1, true));
  });

  test("stand when a snapshot's state is damaged, though its table was whole", async () => {
    const [source, target] = [await counters(), await counters()];
    await source.machine.apply([registerAt(1), commandAt(2, 1, 1)]);
    await target.machine.apply([registerAt(1)]);
    const snapshot = await source.machine.snapshot();
    const bytes = await all(snapshot.chunks);
    const error = await rejection(target.machine.restore(snapshot.meta, piecesOf(bytes.subarray(0, -1), 8)));
    expect(error).toMatchObject({ category: "invalid" });
    expect(target.machine.sessionStatus()).toMatchObject({ sessions: [1], results: 0 });
  });
});

describe("a state machine that keeps its state and not the sessions is refused", () => {
  /** What a machine would be that never heard of sessions. */
  const unaware = (inner: MemoryStateMachine): StateMachine<string | undefined> => ({
    apply: (entries) => inner.apply(entries),
    appliedIndex: () => inner.appliedIndex(),
    durable: () => inner.durable(),
    snapshot: () => inner.snapshot(),
    restore: (meta, chunks) => inner.restore(meta, chunks),
  });
  const text = jsonResults<string | undefined>();
  const notKept = { code: "SESSIONS_NOT_KEPT" };

  test("when it opens with a state", async () => {
    const inner = new MemoryStateMachine();
    await inner.apply([registerAt(1)].map((entry) => ({ ...entry, data: setCommand("a", "1") })));
    expect(await rejection(withSessions(unaware(inner), { results: text }))).toMatchObject(notKept);
  });

  test("at its first durable batch, before a restart could lose anything", async () => {
    const machine = await withSessions(unaware(new MemoryStateMachine({ durableEvery: 2 })), {
      results: text,
    });
    await machine.apply([registerAt(1)]);
    expect(await rejection(machine.apply([registerAt(2)]))).toMatchObject(notKept);
  });

  test("when its snapshot is of an earlier point than the sessions", async () => {
    const inner = new MemoryCounters();
    const machine = await withSessions(inner, { results });
    await machine.apply([registerAt(1)]);
    const late = await inner.snapshot();
    inner.snapshot = () => Promise.resolve(late);
    await machine.apply([commandAt(2, 1, 1)]);
    expect(await rejection(machine.snapshot())).toMatchObject(notKept);
  });

  test("when it says that it keeps the sessions and never asks for their changes", async () => {
    const inner = Object.assign(new MemoryCounters(), { loadSessions: () => [] });
    const machine = await withSessions(inner, { results });
    expect(await rejection(machine.apply([registerAt(1)]))).toMatchObject({ code: "CONTRACT_BROKEN" });
  });
});

test("a session table that cannot be read is refused at open", async () => {
  const inner = Object.assign(new MemoryCounters(), {
    loadSessions: () => [{ key: "x", value: Uint8Array.of(1) }],
  });
  expect(await rejection(withSessions(inner, { results }))).toMatchObject({ code: "SESSION_TABLE_DAMAGED" });
});
