import { expect, test } from "@jest/globals";
import { snapshotStoreSuite, stateMachineSuite } from "@coxswain/raft-core/suite";
import {
  type Entry,
  MemorySnapshotStore,
  SnapshottedStateMachine,
  type SnapshotStore,
  type StateMachine,
  type StateModel,
} from "../../src/index.ts";

const text = { encode: (value: unknown) => new TextEncoder().encode(JSON.stringify(value)) };
const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** The numbers proposed so far; each proposal results in their sum. */
const numbers: StateModel<number[], number> = {
  initial: () => [],
  apply: (list, proposal) => {
    list.push(parse(proposal) as number);
    return list.reduce((sum, number) => sum + number, 0);
  },
  encode: (list) => text.encode(list),
  decode: (bytes) => {
    const list = parse(bytes);
    if (!Array.isArray(list)) throw new Error("not a list");
    return list as number[];
  },
};

const entry = (index: number, value: number = index): Entry => ({
  index,
  term: 1,
  type: "normal",
  data: text.encode(value),
});

/** A store whose saves end when the test says so. */
function heldStore(): { store: SnapshotStore; end: (error?: Error) => void; saves: () => number } {
  const memory = new MemorySnapshotStore();
  const waiting: ((error?: Error) => void)[] = [];
  let saves = 0;
  return {
    saves: () => saves,
    end: (error) => waiting.shift()?.(error),
    store: {
      load: () => memory.load(),
      save: (snapshot) => {
        saves++;
        return new Promise((resolve, reject) =>
          waiting.push((error) => (error === undefined ? resolve(memory.save(snapshot)) : reject(error))),
        );
      },
    },
  };
}

snapshotStoreSuite({ test }, "MemorySnapshotStore", () => {
  const store = new MemorySnapshotStore();
  return Promise.resolve({ open: () => Promise.resolve(store) });
});

for (const saveEveryEntries of [1, 7, 1_000]) {
  stateMachineSuite({ test }, `SnapshottedStateMachine, saved every ${saveEveryEntries}`, () => {
    const store = new MemorySnapshotStore();
    return Promise.resolve({
      open: () => SnapshottedStateMachine.open(numbers, store, { saveEveryEntries }),
      close: (state: StateMachine<unknown>) => (state as SnapshottedStateMachine<number[], number>).close(),
      command: (n: number) => text.encode(n),
      fingerprint: (state: StateMachine<unknown>) =>
        Promise.resolve(JSON.stringify((state as SnapshottedStateMachine<number[], number>).state)),
    });
  });
}

test("a proposal's result is the model's, a noop's is undefined", async () => {
  const machine = await SnapshottedStateMachine.open(numbers, new MemorySnapshotStore());
  const noop: Entry = { index: 2, term: 1, type: "noop", data: new Uint8Array(0) };
  expect(await machine.apply([entry(1, 40), noop, entry(3, 2)])).toEqual([40, undefined, 42]);
  expect(machine.state).toEqual([40, 2]);
});

test("applying goes on while a state is saved, and only what was saved counts as durable", async () => {
  const { store, end, saves } = heldStore();
  const machine = await SnapshottedStateMachine.open(numbers, store, { saveEveryEntries: 2 });
  await machine.apply([entry(1), entry(2)]);
  await machine.apply([entry(3), entry(4)]);
  expect([saves(), machine.durable().index, machine.appliedIndex()]).toEqual([1, 0, 4]);
  end();
  await machine.close();
  expect(machine.durable().index).toBe(2);
  expect((await SnapshottedStateMachine.open(numbers, store)).state).toEqual([1, 2]);
});

test("many bytes are saved as well as many entries", async () => {
  const machine = await SnapshottedStateMachine.open(numbers, new MemorySnapshotStore(), {
    saveEveryBytes: 8,
  });
  await machine.apply([entry(1, 1_000)]);
  await machine.close();
  expect(machine.durable().index).toBe(0);
  await machine.apply([entry(2, 1_000)]);
  await machine.close();
  expect(machine.durable().index).toBe(2);
});

test("a save that failed fails the next apply, and the close", async () => {
  const { store, end } = heldStore();
  const machine = await SnapshottedStateMachine.open(numbers, store, { saveEveryEntries: 1 });
  await machine.apply([entry(1)]);
  end(new Error("disk full"));
  await expect(machine.close()).rejects.toThrow("disk full");
  await expect(machine.apply([entry(2)])).rejects.toThrow("disk full");
  expect(machine.durable().index).toBe(0);
});

test("a model that throws rejects the batch", async () => {
  const machine = await SnapshottedStateMachine.open(numbers, new MemorySnapshotStore());
  const nonsense: Entry = { index: 1, term: 1, type: "normal", data: new TextEncoder().encode("{") };
  await expect(machine.apply([nonsense])).rejects.toThrow(SyntaxError);
});

test("an entry out of its order is refused", async () => {
  const machine = await SnapshottedStateMachine.open(numbers, new MemorySnapshotStore());
  await expect(machine.apply([entry(2)])).rejects.toThrow("cannot follow");
});
