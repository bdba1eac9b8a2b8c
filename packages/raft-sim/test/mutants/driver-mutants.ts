import { type AppendBatch, Raft, type Ready } from "@coxswain/raft-core";
import { raftEngine } from "../../src/index.ts";
import type { DriverMutant } from "./mutant.ts";

/** Changes what the driver is told to do. */
abstract class TwistedRaft extends Raft {
  override ready(): Ready | undefined {
    const ready = super.ready();
    return ready === undefined ? undefined : this.twist(ready);
  }

  protected abstract twist(ready: Ready): Ready;
}

/** Breaks duty 3: answers travel before what they acknowledge is durable. */
class Hasty extends TwistedRaft {
  protected override twist(ready: Ready): Ready {
    return { ...ready, messages: [...ready.messages, ...ready.messagesAfterAppend], messagesAfterAppend: [] };
  }
}

/** The disk keeps the term and forgets the vote. */
class Forgetful extends TwistedRaft {
  protected override twist(ready: Ready): Ready {
    const { append } = ready;
    if (append?.hardState === undefined) return ready;
    const forgotten: AppendBatch = { ...append, hardState: { ...append.hardState, votedFor: 0 } };
    return { ...ready, append: forgotten };
  }
}

/** The disk reports a sync after it has begun it: what was acknowledged may be gone. */
class Lying extends TwistedRaft {
  #reported = 0;

  protected override twist(ready: Ready): Ready {
    this.#reported = Math.max(this.#reported, ready.id);
    return ready;
  }

  override appended(_readyId: number): void {
    super.appended(this.#reported);
  }
}

/** Breaks duty 4: reports entries as applied from a fixed place on and loses some on the way. */
class Skipping extends TwistedRaft {
  protected override twist(ready: Ready): Ready {
    const { committed } = ready;
    return committed.length > 2 ? { ...ready, committed: [committed[0]!, ...committed.slice(2)] } : ready;
  }
}

/** Mistakes of a driver or a disk around a core that is right. */
export const DRIVER_MUTANTS: readonly DriverMutant[] = [
  {
    name: "answers-before-sync",
    bug: "The driver sends acknowledgements before the write they acknowledge is durable",
    engine: (config, persisted, random) => new Hasty(config, persisted, random),
  },
  {
    name: "vote-not-synced",
    bug: "The disk keeps the term but not the vote",
    engine: (config, persisted, random) => new Forgetful(config, persisted, random),
  },
  {
    name: "sync-reported-early",
    bug: "The disk's answer to one write is taken for an answer to all writes under way",
    engine: (config, persisted, random) => new Lying(config, persisted, random),
  },
  {
    name: "entry-skipped-in-apply",
    bug: "The driver loses one of several committed entries on the way to the state machine",
    engine: (config, persisted, random) => new Skipping(config, persisted, random),
  },
  {
    name: "state-applied-index-forgotten",
    bug: "After a restart, entries that the state holds already are applied again",
    engine: ({ appliedIndex: _, ...config }, persisted, random) => raftEngine(config, persisted, random),
  },
];
