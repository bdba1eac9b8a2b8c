/**
 * Hints about what apply changed (G2): they come once queries show the change, before it is on disk (the log
 * has it), may be missed by a restart or a snapshot, and never replace a look at the state.
 */
import type { ExecutionStatus, JobState, StopReason } from "@coxswain/protocol";

/** A key of the time index (G4). */
export type DueItem =
  | {
      readonly kind: "fire";
      readonly atMs: number;
      readonly jobId: string;
      readonly incarnation: number;
      readonly version: number;
    }
  | { readonly kind: "retry"; readonly atMs: number; readonly executionId: string }
  | {
      readonly kind: "deadline";
      readonly atMs: number;
      readonly executionId: string;
      readonly attempt: number;
    };

/** Event name -> what a listener gets. */
export interface JobStoreEvents {
  /** An attempt became RUNNING on a node. */
  assigned: {
    readonly executionId: string;
    readonly jobId: string;
    readonly attempt: number;
    readonly nodeId: number;
    readonly nodeIncarnation: number;
  };
  /** A running attempt is to end (G11), or to end sooner than it was told before. */
  stopRequested: {
    readonly executionId: string;
    readonly attempt: number;
    readonly nodeId: number;
    readonly nodeIncarnation: number;
    readonly reason: StopReason;
  };
  /** An attempt ended, whoever ended it. */
  attemptEnded: {
    readonly executionId: string;
    readonly jobId: string;
    readonly attempt: number;
    readonly nodeId: number;
    readonly status: ExecutionStatus;
  };
  /** An execution waits for a node. */
  queued: { readonly executionId: string; readonly executor: string };
  /** A new key of the time index. */
  due: DueItem;
  /** A node registered, was lost, drains or ceased to. */
  nodeChanged: { readonly nodeId: number };
  /** A node has room that it had not. */
  capacityFreed: { readonly nodeId: number };
  /** A job was created, changed its state or the status of its newest execution, or was removed. */
  jobChanged: {
    readonly jobId: string;
    readonly owner: string;
    readonly state: JobState;
    readonly status: ExecutionStatus;
    readonly removed: boolean;
  };
  /** The whole state was replaced by a snapshot: reconcile. */
  restored: { readonly index: number };
  /** Writing failed; the store answers nothing any more. Fatal for the node. */
  failed: { readonly error: Error };
}

export type JobStoreEventName = keyof JobStoreEvents;

/** Some event with its name. */
export type JobStoreEvent = {
  [Name in JobStoreEventName]: { readonly name: Name; readonly payload: JobStoreEvents[Name] };
}[JobStoreEventName];

type Listener<Name extends JobStoreEventName> = (payload: JobStoreEvents[Name]) => void;
type Listeners = { [Name in JobStoreEventName]?: Set<Listener<Name>> };

/** A typed emitter. A listener that throws is a bug of the listener: it reaches `onListenerError`, not the store. */
export class EventHub {
  readonly #listeners: Listeners = {};
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Returns the function that removes the listener. */
  on<Name extends JobStoreEventName>(name: Name, listener: Listener<Name>): () => void {
    const set = (this.#listeners[name] ?? new Set<Listener<Name>>()) as Set<Listener<Name>>;
    (this.#listeners as Record<Name, Set<Listener<Name>>>)[name] = set;
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  }

  emit<Name extends JobStoreEventName>(name: Name, payload: JobStoreEvents[Name]): void {
    const set = this.#listeners[name] as Set<Listener<Name>> | undefined;
    if (set === undefined) return;
    for (const listener of [...set]) {
      try {
        listener(payload);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}
