import type { NodeId } from "@coxswain/raft-core";
import type { Counters } from "../counters.ts";
import type { PowerCut, StorageCall } from "./observer.ts";

/** The power of a node is to fail at a storage call to come. */
export interface ArmedCut {
  /** How many calls from now; of this kind, if one is named. */
  readonly calls: number;
  readonly at?: StorageCall;
  readonly cut: PowerCut;
  /** And again, at the same node. */
  readonly andThen?: ArmedCut;
}

/** How a power cut at a storage call is counted. */
const CUT_COUNTERS = {
  append: "cutsAtAppend",
  compact: "cutsAtCompact",
  reset: "cutsAtReset",
  saveState: "cutsAtSaveState",
  recovery: "cutsAtRecovery",
} as const satisfies Record<StorageCall, keyof Counters>;

/** At which storage calls the power fails. */
export class PowerCuts {
  readonly #counters: Counters;
  readonly #armed = new Map<NodeId, ArmedCut>();
  /** For whichever node comes to it first. */
  #anywhere: ArmedCut | undefined = undefined;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  arm(id: NodeId, cut: ArmedCut): void {
    this.#armed.set(id, cut);
  }

  /** For calls that are rare: the first node that comes to one is hit. */
  armAnywhere(cut: ArmedCut): void {
    this.#anywhere = cut;
  }

  /** How the power fails at this call; undefined if it does not. */
  at(id: NodeId, call: StorageCall): PowerCut | undefined {
    if (this.#anywhere?.at === call) {
      this.#armed.set(id, this.#anywhere);
      this.#anywhere = undefined;
    }
    const armed = this.#armed.get(id);
    if (armed === undefined || (armed.at !== undefined && armed.at !== call)) return undefined;
    if (armed.calls > 1) {
      this.#armed.set(id, { ...armed, calls: armed.calls - 1 });
      return undefined;
    }
    this.#armed.delete(id);
    if (armed.andThen !== undefined) this.#armed.set(id, armed.andThen);
    this.#counters.storageCrashes += 1;
    this.#counters[CUT_COUNTERS[call]] += 1;
    return armed.cut;
  }

  /** The node went down, whatever for; only what is to happen at a start waits for one. */
  crashed(id: NodeId): void {
    if (this.#armed.get(id)?.at !== "recovery") this.#armed.delete(id);
  }

  clear(): void {
    this.#armed.clear();
    this.#anywhere = undefined;
  }
}
