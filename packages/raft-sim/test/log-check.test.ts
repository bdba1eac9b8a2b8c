import type { Entry, PersistedState, Ready } from "@coxswain/raft-core";
import { describe, expect, test } from "@jest/globals";
import { LogCheck } from "../src/checks/log-check.ts";
import type { SimNode } from "../src/cluster/sim-node.ts";

const NOBODY = { voters: [], votersOutgoing: [], learners: [] };

function entry(index: number, term: number): Entry {
  return { index, term, type: "normal", data: new Uint8Array() };
}

/** A follower with entry 1 of term 1, which the leader of term 3 has committed. */
class Follower {
  readonly #check = new LogCheck({ termAt: () => 1, committedInTerm: () => 3 });

  constructor(term: number) {
    const snapshot = { index: 0, term: 0, configuration: NOBODY, featureLevel: 0 };
    const persisted: PersistedState = {
      hardState: { term, votedFor: 0 },
      snapshot,
      entries: [entry(1, 1)],
    };
    this.#check.started(this.#node(term), persisted);
  }

  /** Writes over its entry 1 in this term. */
  replace(term: number, by: Entry): void {
    const ready = { append: { id: 1, entries: [by] } } as unknown as Ready;
    this.#check.ready(this.#node(term), ready);
  }

  #node(term: number): SimNode {
    return { id: 2, raft: { role: "follower", term } } as unknown as SimNode;
  }
}

describe("a committed entry", () => {
  test("is replaced by nobody who has come to the term in which it was committed", () => {
    expect(() => new Follower(3).replace(3, entry(1, 2))).toThrow("replaces committed entry 1@1");
    expect(() => new Follower(2).replace(4, entry(1, 4))).toThrow("replaces committed entry 1@1");
  });

  test("may be replaced where nobody counted it: by the leader of a term before that (figure 8)", () => {
    expect(() => new Follower(1).replace(2, entry(1, 2))).not.toThrow();
    // The later term may have come right after, within the same ready.
    expect(() => new Follower(2).replace(3, entry(1, 2))).not.toThrow();
  });
});
