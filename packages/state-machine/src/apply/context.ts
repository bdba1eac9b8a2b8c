/**
 * What a command gets to work with, and how commands are written down.
 */
import type { ApplyError, ApplyErrorCode, ApplyResult, ErrorCategory, Ignored, Refused } from "../results.ts";
import { be64 } from "../keys.ts";
import type { State } from "../state.ts";
import type { StateDatabase } from "../state-directory.ts";

/** One command being applied. */
export class ApplyContext {
  readonly state: State;
  /** The entry's index. */
  readonly index: number;
  /** Log time: the leader's stamp, clamped to be monotonic (G3). */
  readonly timeMs: number;
  #items = 0;

  constructor(state: State, index: number, timeMs: number) {
    this.state = state;
    this.index = index;
    this.timeMs = timeMs;
  }

  /** Numbers what this entry creates or queues, from 0. */
  nextItem(): number {
    return this.#items++;
  }
}

/** The records that a command wants to read, by table (G8). */
export class Reads {
  readonly jobs: Set<string> = new Set();
  readonly executions: Set<string> = new Set();
  readonly requests: Set<string> = new Set();
  readonly requestOrder: Set<string> = new Set();
  readonly leftovers: Set<string> = new Set();

  order(sequence: number): void {
    this.requestOrder.add(be64(sequence));
  }
}

/** A command of many items of one kind. Each item succeeds or fails for itself. */
export interface ItemsCommand<Body, Item, ItemResult> {
  readonly shape: "items";
  items(body: Body): readonly Item[];
  /** First round: what follows from the item alone. */
  reads(item: Item, reads: Reads): void;
  /** Second round: what follows from the state and from what the first round read. */
  readsMore?(item: Item, state: State, reads: Reads): void;
  apply(item: Item, context: ApplyContext): ItemResult;
  result(results: ItemResult[]): ApplyResult;
}

/** A command that is one thing. */
export interface WholeCommand<Body> {
  readonly shape: "whole";
  /** First round: what follows from the command alone. */
  reads?(body: Body, reads: Reads): void;
  /** Second round: what follows from the state and from what the first round read. */
  readsMore?(body: Body, state: State, reads: Reads): void;
  apply(body: Body, context: ApplyContext): ApplyResult;
}

/** A command that must look through an index. Everything before it is written first. */
export interface ScanCommand<Body, Found> {
  readonly shape: "scan";
  /** Bounded. Reads only what is written. */
  scan(body: Body, state: State, db: StateDatabase, timeMs: number): Promise<Found>;
  /** What is to be read for what was found. */
  reads(found: Found, reads: Reads): void;
  apply(found: Found, context: ApplyContext): ApplyResult;
}

const CATEGORIES: Readonly<Record<ApplyErrorCode, ErrorCategory>> = {
  JOB_CONFLICT: "conflict",
  JOB_NOT_FOUND: "not-found",
  JOB_ALREADY_FINISHED: "conflict",
  JOB_ACTIVE: "conflict",
  JOB_REMOVED: "conflict",
  JOB_LIMIT_REACHED: "exhausted",
  JOB_BYTES_LIMIT_REACHED: "exhausted",
  INVALID_ITEM: "invalid",
  REQUEST_EXPIRED: "invalid",
  REQUEST_CONFLICT: "conflict",
  NODE_NOT_FOUND: "not-found",
  NODE_IDENTITY_CONFLICT: "conflict",
  STALE_INCARNATION: "conflict",
  FEATURE_LEVEL_UNSUPPORTED: "conflict",
};

export function refuse(code: ApplyErrorCode, message: string, limit?: ApplyError["limit"]): Refused {
  const error = { code, category: CATEGORIES[code], message };
  return { error: limit === undefined ? error : { ...error, limit } };
}

export function ignore(reason: Ignored["reason"]): Ignored {
  return { kind: "ignored", reason };
}
