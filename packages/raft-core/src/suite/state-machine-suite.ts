import type { Snapshot, StateMachine } from "../contracts.ts";
import { encodeConfiguration } from "../core/configuration.ts";
import type { Entry, SnapshotMeta } from "../types.ts";
import {
  chunksFrom,
  claim,
  claimRejects,
  claimSame,
  entryAt,
  metaAt,
  VOTERS,
  type SuiteTools,
} from "./claim.ts";

/** One place where a state lives. */
export interface StateMachineFixture {
  /** Opens the state; called again only after {@link close}, and must then find what was durable. */
  open(): Promise<StateMachine<unknown>>;
  close?(stateMachine: StateMachine<unknown>): Promise<void>;
  dispose?(): Promise<void>;
  /** The `n`th of a series of commands, each of which changes the state. */
  command(n: number): Uint8Array;
  /** Text that is equal for equal states and differs otherwise. */
  fingerprint(stateMachine: StateMachine<unknown>): Promise<string>;
}

type Body = (states: States) => Promise<void>;

/** Everything that {@link StateMachine} promises. `place` gives a new, empty place for each test. */
export function stateMachineSuite(
  tools: SuiteTools,
  name: string,
  place: () => Promise<StateMachineFixture>,
): void {
  for (const [sentence, body] of Object.entries({ ...applying, ...snapshots })) {
    tools.test(`${name}: ${sentence}`, async () => {
      const states = new States(place);
      try {
        await body(states);
      } finally {
        await states.dispose();
      }
    });
  }
}

const applying: Record<string, Body> = {
  "an empty place begins at index 0": async (states) => {
    const { machine } = await states.add();
    claimSame([machine.appliedIndex(), machine.durable().index], [0, 0], "nothing is applied");
  },
  "apply gives one result for each entry, noop and config included": async (states) => {
    const { machine, fixture } = await states.add();
    const entries: Entry[] = [
      { index: 1, term: 1, type: "noop", data: new Uint8Array(0) },
      { index: 2, term: 1, type: "config", data: encodeConfiguration(VOTERS) },
      entryAt(3, 1, fixture.command(1)),
    ];
    const results = await machine.apply(entries);
    claim(results.length === 3, "there are as many results as entries");
    claim(machine.appliedIndex() === 3, "the applied index is the last entry's");
  },
  "the state does not depend on where batches begin": async (states) => {
    const [one, other] = [await states.add(), await states.add()];
    const entries = commands(one.fixture, 1, 12);
    await one.machine.apply(entries);
    for (const entry of entries) await other.machine.apply([entry]);
    claimSame(await one.fingerprint(), await other.fingerprint(), "12 at once equal 12 times one");
  },
  "what durable() names is there after reopening": async (states) => {
    const state = await states.add();
    await state.machine.apply(commands(state.fixture, 1, 20));
    const durable = state.machine.durable();
    claim(durable.index <= 20, "nothing is durable before it is applied");
    await state.reopen();
    const applied = state.machine.appliedIndex();
    claim(applied >= durable.index, "the state is not older than durable() said");
    await state.machine.apply(commands(state.fixture, applied + 1, 25));
    const twin = await states.add();
    await twin.machine.apply(commands(twin.fixture, 1, 25));
    claimSame(
      await state.fingerprint(),
      await twin.fingerprint(),
      "a restart and a replay lead to the same state",
    );
  },
};

const snapshots: Record<string, Body> = {
  "a snapshot restores to the state it was taken of": async (states) => {
    const [source, target] = [await states.add(), await states.add()];
    await source.machine.apply(commands(source.fixture, 1, 30));
    const { meta } = await copy(source.machine, target.machine);
    claimSame(target.machine.appliedIndex(), meta.index, "the applied index is the snapshot's");
    claimSame(target.machine.durable(), meta, "a restored state is durable, with the meta it came with");
    await target.machine.apply(commands(target.fixture, meta.index + 1, 30));
    claimSame(await target.fingerprint(), await source.fingerprint(), "the states are equal");
    await target.reopen();
    claim(target.machine.appliedIndex() >= meta.index, "it survives reopening");
  },
  "a snapshot does not move when more is applied": async (states) => {
    const [source, target, twin] = [await states.add(), await states.add(), await states.add()];
    await source.machine.apply(commands(source.fixture, 1, 10));
    const snapshot = await source.machine.snapshot();
    await source.machine.apply(commands(source.fixture, 11, 40));
    await target.machine.restore(full(snapshot), snapshot.chunks);
    await closeTwice(snapshot);
    await twin.machine.apply(commands(twin.fixture, 1, snapshot.meta.index));
    claimSame(
      await target.fingerprint(),
      await twin.fingerprint(),
      "it holds what was there when it was taken",
    );
  },
  "a snapshot replaces everything that was there": async (states) => {
    const [source, target] = [await states.add(), await states.add()];
    await target.machine.apply(
      commands(target.fixture, 1, 5).map((e) => ({ ...e, data: target.fixture.command(900 + e.index) })),
    );
    await source.machine.apply(commands(source.fixture, 1, 30));
    const { meta } = await copy(source.machine, target.machine);
    await target.machine.apply(commands(target.fixture, meta.index + 1, 30));
    claimSame(await target.fingerprint(), await source.fingerprint(), "nothing of the old state is left");
  },
  "a stream that breaks leaves the old state standing": async (states) => {
    const [source, target] = [await states.add(), await states.add()];
    await source.machine.apply(commands(source.fixture, 1, 30));
    await target.machine.apply(commands(target.fixture, 1, 3));
    const before = await target.fingerprint();
    const snapshot = await source.machine.snapshot();
    await claimRejects(target.machine.restore(full(snapshot), breaking(snapshot.chunks)), "restore rejects");
    await closeTwice(snapshot);
    claimSame(await target.fingerprint(), before, "the old state stands");
    await target.machine.apply(commands(target.fixture, 4, 5));
    claim(target.machine.appliedIndex() === 5, "and goes on");
  },
  "a damaged stream is refused": async (states) => {
    const target = await states.add();
    await target.machine.apply(commands(target.fixture, 1, 3));
    const noise = chunksFrom([new Uint8Array([0xff, 0x00, 0xfe, 0x01])]);
    const error = await claimRejects(
      target.machine.restore(metaAt(50, 2), noise),
      "restore rejects what is no snapshot",
    );
    const { category } = error as { readonly category?: unknown };
    claim(
      category === "invalid" || category === "unavailable",
      "the error's category blames the snapshot, not the disk",
    );
    claim(target.machine.appliedIndex() === 3, "the old state stands");
  },
};

class OpenState {
  readonly fixture: StateMachineFixture;
  machine: StateMachine<unknown>;

  constructor(fixture: StateMachineFixture, machine: StateMachine<unknown>) {
    this.fixture = fixture;
    this.machine = machine;
  }

  fingerprint(): Promise<string> {
    return this.fixture.fingerprint(this.machine);
  }

  async reopen(): Promise<void> {
    await this.fixture.close?.(this.machine);
    this.machine = await this.fixture.open();
  }

  async dispose(): Promise<void> {
    await this.fixture.close?.(this.machine);
    await this.fixture.dispose?.();
  }
}

class States {
  readonly #place: () => Promise<StateMachineFixture>;
  readonly #open: OpenState[] = [];

  constructor(place: () => Promise<StateMachineFixture>) {
    this.#place = place;
  }

  async add(): Promise<OpenState> {
    const fixture = await this.#place();
    const state = new OpenState(fixture, await fixture.open());
    this.#open.push(state);
    return state;
  }

  async dispose(): Promise<void> {
    for (const state of this.#open) await state.dispose();
  }
}

function commands(fixture: StateMachineFixture, first: number, last: number): Entry[] {
  const count = Math.max(0, last - first + 1);
  return Array.from({ length: count }, (_, i) => entryAt(first + i, 1, fixture.command(first + i)));
}

async function copy(from: StateMachine<unknown>, to: StateMachine<unknown>): Promise<Snapshot> {
  const snapshot = await from.snapshot();
  claim(snapshot.meta.index <= from.appliedIndex(), "a snapshot is not ahead of what was applied");
  claim(snapshot.meta.index >= from.durable().index, "a snapshot is not behind what is durable");
  const meta = full(snapshot);
  await to.restore(meta, snapshot.chunks);
  await closeTwice(snapshot);
  return { ...snapshot, meta };
}

/** As the driver sends it: with the members, which a state that saw no config entry does not know. */
function full(snapshot: Snapshot): SnapshotMeta {
  return { ...snapshot.meta, configuration: VOTERS };
}

async function closeTwice(snapshot: Snapshot): Promise<void> {
  await snapshot.close();
  await snapshot.close();
}

async function* breaking(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk.subarray(0, Math.floor(chunk.length / 2));
    throw new Error("The stream broke.");
  }
}
