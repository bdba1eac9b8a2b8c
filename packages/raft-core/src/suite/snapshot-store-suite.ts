import type { SnapshotStore } from "../state/snapshot-store.ts";
import { claim, claimSame, metaAt, type SuiteTools } from "./claim.ts";

/** One place where a snapshot is kept. */
export interface SnapshotStoreFixture {
  /** Opens the place as the next process would. */
  open(): Promise<SnapshotStore>;
  dispose?(): Promise<void>;
}

type Body = (fixture: SnapshotStoreFixture) => Promise<void>;

/** Everything that {@link SnapshotStore} promises. `place` gives a new, empty place for each test. */
export function snapshotStoreSuite(
  tools: SuiteTools,
  name: string,
  place: () => Promise<SnapshotStoreFixture>,
): void {
  for (const [sentence, body] of Object.entries(claims)) {
    tools.test(`${name}: ${sentence}`, async () => {
      const fixture = await place();
      try {
        await body(fixture);
      } finally {
        await fixture.dispose?.();
      }
    });
  }
}

const claims: Record<string, Body> = {
  "a new place has nothing to load": async (fixture) => {
    const store = await fixture.open();
    claim((await store.load()) === undefined, "load gives undefined");
  },
  "what was saved last is loaded, by the next process too": async (fixture) => {
    const store = await fixture.open();
    await store.save({ meta: metaAt(3, 1), bytes: new Uint8Array([1, 2, 3]) });
    const last = { meta: metaAt(9, 2), bytes: new Uint8Array(300_000).fill(7) };
    await store.save(last);
    claimSame(await store.load(), last, "this process loads it");
    claimSame(await (await fixture.open()).load(), last, "the next process loads it");
  },
  "an empty state is a state": async (fixture) => {
    const store = await fixture.open();
    const empty = { meta: metaAt(1, 1), bytes: new Uint8Array(0) };
    await store.save(empty);
    claimSame(await (await fixture.open()).load(), empty, "no bytes differ from no snapshot");
  },
};
