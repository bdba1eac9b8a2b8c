import type { Placement } from "@coxswain/state-machine";
import type { Placer } from "./placer.ts";
import type { WaitingKinds } from "./waiting-kinds.ts";

export interface PlacementNeeds {
  /** Kind of the task: `process`, `webhook`, `docker`; `none` needs no node. */
  readonly executor: string;
  /** True for work that needs no node, whatever `executor` says. */
  readonly none?: boolean;
}

export interface Placed {
  /** Absent when it should wait in the queue, or needs no node. */
  readonly placement?: Placement;
  /** To be called once the command is applied or has failed. May be called twice. */
  release(): void;
}

export type Place = (needs: PlacementNeeds) => Placed;

const NOWHERE: Placed = { release: () => {} };

/** A place for new work at once, unless something that waits could use the node (G9). */
export function placeNewWork(placer: Placer, waiting: WaitingKinds): Place {
  return ({ executor, none }) => {
    if (none === true || executor === "none") return NOWHERE;
    return placer.reserve(executor, (node) => waiting.leavesFree(node)) ?? NOWHERE;
  };
}
