import type { SessionChange, SessionedStateMachine } from "../sessions/contracts.ts";
import type { Entry } from "../types.ts";
import { claim, claimRejects, claimSame, entryAt, type SuiteTools, VOTERS } from "./claim.ts";

/** One place where a state lives that keeps a session table. */
export interface SessionedStateMachineFixture {
  /** Opens the state; called again only after {@link close}, and must then find what was durable. */
  open(): Promise<SessionedStateMachine<unknown>>;
  close?(stateMachine: SessionedStateMachine<unknown>): Promise<void>;
  dispose?(): Promise<void>;
  /** The `n`th of a series of commands. */
  command(n: number): Uint8Array;
}

type Body = (places: Places) => Promise<void>;

/** What `SessionedStateMachine` promises beyond `StateMachine`. `place` gives a new, empty place for each test. */
export function sessionedStateMachineSuite(
  tools: SuiteTools,
  name: string,
  place: () => Promise<SessionedStateMachineFixture>,
): void {
  for (const [sentence, body] of Object.entries(keeping)) {
    tools.test(`${name}: ${sentence}`, async () => {
      const places = new Places(place);
      try {
        await body(places);
      } finally {
        await places.dispose();
      }
    });
  }
}

const keeping: Record<string, Body> = {
  "an empty place keeps no records": async (places) => {
    const { machine } = await places.add();
    claimSame(await recordsOf(machine), {}, "there are none");
  },
  "apply asks once for the changes of a batch, with all its results": async (places) => {
    const { machine, fixture } = await places.add();
    const asked: unknown[][] = [];
    const entries: Entry[] = [
      { index: 1, term: 1, type: "noop", data: new Uint8Array(0) },
      entryAt(2, 1, fixture.command(1)),
    ];
    const results = await machine.apply(entries, (known) => {
      asked.push([...known]);
      return [[], []];
    });
    claimSame(asked, [results], "it asked with what it then resolved with");
  },
  "records are put, replaced and removed in order": async (places) => {
    const { machine, fixture } = await places.add();
    const changes: SessionChange[][] = [
      [put("a", 1), put("b", 1)],
      [put("a", 2), { key: "b", value: undefined }, put("c/1", 3)],
    ];
    await machine.apply(
      [1, 2].map((i) => entryAt(i, 1, fixture.command(i))),
      () => changes,
    );
    claimSame(await recordsOf(machine), { a: [2], "c/1": [3] }, "the last change of each counts");
  },
  "entries without changes leave them": async (places) => {
    const place = await places.add();
    await place.apply(1, 3);
    await place.machine.apply([entryAt(4, 1, place.fixture.command(4))]);
    claimSame(await recordsOf(place.machine), marks(3), "they stand");
  },
  "a crash keeps the state and its records, or neither": async (places) => {
    const place = await places.add();
    for (let first = 1; first <= 40; first += 4) await place.apply(first, first + 3);
    await place.reopen();
    const applied = place.machine.appliedIndex();
    claimSame(await recordsOf(place.machine), marks(applied), `they are those of entry ${applied}`);
  },
  "a snapshot carries the records of its own point, and replaces others": async (places) => {
    const [source, target] = [await places.add(), await places.add()];
    for (let first = 1; first <= 40; first += 4) await source.apply(first, first + 3);
    const entry = entryAt(1, 1, target.fixture.command(1));
    await target.machine.apply([entry], () => [[put("else", 1)]]);
    const snapshot = await source.machine.snapshot();
    await source.apply(41, 44);
    await target.machine.restore({ ...snapshot.meta, configuration: VOTERS }, snapshot.chunks);
    await snapshot.close();
    claimSame(await recordsOf(target.machine), marks(snapshot.meta.index), "they are those of the snapshot");
    await target.reopen();
    claimSame(await recordsOf(target.machine), marks(target.machine.appliedIndex()), "and survive reopening");
  },
  "a restore that fails leaves them": async (places) => {
    const [source, target] = [await places.add(), await places.add()];
    await source.apply(1, 8);
    await target.apply(1, 3);
    const snapshot = await source.machine.snapshot();
    const broken = breaking(snapshot.chunks);
    await claimRejects(
      target.machine.restore({ ...snapshot.meta, configuration: VOTERS }, broken),
      "restore rejects",
    );
    await snapshot.close();
    claimSame(await recordsOf(target.machine), marks(3), "they stand");
    claim(target.machine.appliedIndex() === 3, "and so does the state");
  },
};

class OpenPlace {
  readonly fixture: SessionedStateMachineFixture;
  machine: SessionedStateMachine<unknown>;

  constructor(fixture: SessionedStateMachineFixture, machine: SessionedStateMachine<unknown>) {
    this.fixture = fixture;
    this.machine = machine;
  }

  /** Applies entries of which each says in a record that it was there. */
  async apply(first: number, last: number): Promise<void> {
    const indexes = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const entries = indexes.map((index) => entryAt(index, 1, this.fixture.command(index)));
    await this.machine.apply(entries, () =>
      indexes.map((index) => [put("last", index), put(`e/${index}`, 0)]),
    );
  }

  async reopen(): Promise<void> {
    await this.fixture.close?.(this.machine);
    this.machine = await this.fixture.open();
  }
}

class Places {
  readonly #place: () => Promise<SessionedStateMachineFixture>;
  readonly #open: OpenPlace[] = [];

  constructor(place: () => Promise<SessionedStateMachineFixture>) {
    this.#place = place;
  }

  async add(): Promise<OpenPlace> {
    const fixture = await this.#place();
    const open = new OpenPlace(fixture, await fixture.open());
    this.#open.push(open);
    return open;
  }

  async dispose(): Promise<void> {
    for (const { fixture, machine } of this.#open) {
      await fixture.close?.(machine);
      await fixture.dispose?.();
    }
  }
}

/** What {@link OpenPlace.apply} leaves after entry `index`. */
function marks(index: number): Record<string, number[]> {
  const records: Record<string, number[]> = index === 0 ? {} : { last: [index] };
  for (let at = 1; at <= index; at++) records[`e/${at}`] = [0];
  return records;
}

async function recordsOf(machine: SessionedStateMachine<unknown>): Promise<Record<string, number[]>> {
  const records: Record<string, number[]> = {};
  for await (const { key, value } of machine.loadSessions()) records[key] = [...value];
  return records;
}

function put(key: string, byte: number): SessionChange {
  return { key, value: Uint8Array.of(byte) };
}

async function* breaking(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk.subarray(0, Math.floor(chunk.length / 2));
    throw new Error("The stream broke.");
  }
}
