/**
 * What a command gets to work with, and how commands are written down.
 */
import type { ApplyError, ApplyErrorCode, ApplyResult, ErrorCategory, Ignored, Refused } from "../results.ts";
import { be64 } from "../keys.ts";
import type { RecordTable } from "../record-table.ts";
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

/** The records that commands want to read (G8). What memory has is held there; the rest is to be read. */
export class Reads {
  readonly #state: State;
  #missing: MissingRecord[] = [];

  constructor(state: State) {
    this.#state = state;
  }

  get isComplete(): boolean {
    return this.#missing.length === 0;
  }

  job(id: string): void {
    this.#want(this.#state.jobs, id);
  }

  execution(id: string): void {
    this.#want(this.#state.executions, id);
  }

  /** By the name it is remembered under. */
  request(name: string): void {
    this.#want(this.#state.requests, name);
  }

  /** The name of the request with this number. */
  requestOrder(sequence: number): void {
    this.#want(this.#state.requestOrder, be64(sequence));
  }

  leftover(id: string): void {
    this.#want(this.#state.leftovers, id);
  }

  /** Hands over what is to be read and begins anew. */
  takeMissing(): readonly MissingRecord[] {
    const missing = this.#missing;
    this.#missing = [];
    return missing;
  }

  #want<T>(table: RecordTable<T>, id: string): void {
    if (!table.hold(id)) this.#missing.push({ table: table as RecordTable<unknown>, id });
  }
}

/** A record that memory does not have. */
export interface MissingRecord {
  readonly table: RecordTable<unknown>;
  readonly id: string;
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
  JOB_PERMISSION_DENIED: "denied",
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
