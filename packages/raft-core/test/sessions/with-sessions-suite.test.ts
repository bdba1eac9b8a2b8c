import { test } from "@jest/globals";
import { sessionedStateMachineSuite, stateMachineSuite } from "@coxswain/raft-core/suite";
import {
  type Entry,
  jsonResults,
  MemorySnapshotStore,
  MemoryStateMachine,
  type SessionStateMachine,
  setCommand,
  type Snapshot,
  type SnapshotMeta,
  SnapshottedStateMachine,
  type StateMachine,
  withSessions,
} from "../../src/index.ts";
import { eventLoopTurn } from "../node/cluster.ts";
import {
  all,
  counterModel,
  counterResults,
  entryOf,
  increment,
  MemoryCounters,
  piecesOf,
  registerAt,
} from "./counters.ts";

/** Keeps the newest snapshot of a machine whose state lives in memory, as an embedder's file would. */
class Saved implements StateMachine<unknown> {
  #machine: StateMachine<unknown>;
  #file: { readonly meta: SnapshotMeta; readonly bytes: Uint8Array } | undefined;

  private constructor(machine: StateMachine<unknown>, before: Saved | undefined) {
    this.#machine = machine;
    this.#file = before === undefined ? undefined : before.#file;
  }

  static async open(machine: StateMachine<unknown>, before?: Saved): Promise<Saved> {
    const saved = new Saved(machine, before);
    if (saved.#file !== undefined) await machine.restore(saved.#file.meta, piecesOf(saved.#file.bytes, 7));
    return saved;
  }

  async apply(entries: readonly Entry[]): Promise<unknown[]> {
    const answers = await this.#machine.apply(entries);
    if (this.appliedIndex() - this.durable().index >= 9) await this.#save();
    return answers;
  }

  appliedIndex(): number {
    return this.#machine.appliedIndex();
  }

  durable(): SnapshotMeta {
    return this.#file?.meta ?? this.#machine.durable();
  }

  snapshot(): Promise<Snapshot> {
    return this.#machine.snapshot();
  }

  async restore(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const bytes = await all(chunks);
    await this.#machine.restore(meta, piecesOf(bytes, 7));
    this.#file = { meta, bytes };
  }

  async #save(): Promise<void> {
    const { meta, chunks } = await this.#machine.snapshot();
    this.#file = { meta, bytes: await all(chunks) };
  }
}

/** A register, then repetitions, plain proposals and new ones in turn. */
function nthCommand(n: number, payload: Uint8Array): Uint8Array {
  if (n === 1) return registerAt(1).data;
  if (n % 3 === 0) return entryOf(n, { kind: "plain", payload }).data;
  const serial = Math.max(1, Math.floor(n / 2));
  return entryOf(n, {
    kind: "command",
    session: 1,
    serial,
    firstUnanswered: Math.max(1, serial - 5),
    payload,
  }).data;
}

stateMachineSuite({ test }, "withSessions over a state in memory", () => {
  let inner = new MemoryCounters();
  let machine: SessionStateMachine<number | undefined>;
  let saved: Saved | undefined;
  return Promise.resolve({
    open: async () => {
      inner = new MemoryCounters();
      machine = await withSessions(inner, { results: counterResults });
      return (saved = await Saved.open(machine, saved));
    },
    command: (n) => nthCommand(n, increment(`name ${n % 4}`)),
    fingerprint: () => Promise.resolve(JSON.stringify([inner.counters, machine.sessionStatus()])),
  });
});

for (const durableEvery of [1, 7]) {
  stateMachineSuite({ test }, `withSessions over a MemoryStateMachine, durable every ${durableEvery}`, () => {
    let inner = new MemoryStateMachine({ durableEvery });
    let machine: SessionStateMachine<string | undefined>;
    return Promise.resolve({
      open: async () => {
        inner = inner.crash();
        return (machine = await withSessions(inner, { results: jsonResults<string | undefined>() }));
      },
      command: (n) => nthCommand(n, setCommand(`key ${n % 10}`, `value ${n}`)),
      fingerprint: () => Promise.resolve(JSON.stringify([inner.pairs(), machine.sessionStatus()])),
    });
  });

  sessionedStateMachineSuite({ test }, `MemoryStateMachine, durable every ${durableEvery}`, () => {
    let inner = new MemoryStateMachine({ durableEvery });
    return Promise.resolve({
      open: () => Promise.resolve((inner = inner.crash())),
      command: (n) => setCommand("key", `value ${n}`),
    });
  });
}

for (const saveEveryEntries of [1, 7]) {
  const place = () => {
    const store = new MemorySnapshotStore();
    return () => SnapshottedStateMachine.open(counterModel, store, { saveEveryEntries });
  };

  stateMachineSuite(
    { test },
    `withSessions over a SnapshottedStateMachine, saved every ${saveEveryEntries}`,
    () => {
      const open = place();
      let inner: Awaited<ReturnType<typeof open>>;
      let machine: SessionStateMachine<number | undefined>;
      return Promise.resolve({
        open: async () => {
          inner = await open();
          return (machine = await withSessions(inner, { results: counterResults }));
        },
        close: eventLoopTurn,
        command: (n) => nthCommand(n, increment(`name ${n % 4}`)),
        fingerprint: () => Promise.resolve(JSON.stringify([inner.state, machine.sessionStatus()])),
      });
    },
  );

  sessionedStateMachineSuite({ test }, `SnapshottedStateMachine, saved every ${saveEveryEntries}`, () => {
    const open = place();
    return Promise.resolve({ open, close: eventLoopTurn, command: (n) => increment(`name ${n % 4}`) });
  });
}
