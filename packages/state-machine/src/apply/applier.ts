/**
 * Takes entries through apply: reads what their commands declare, applies them in order, and
 * leaves the writing to the writer. Where batches begin must not show in the state (G8): what
 * was read ahead for a whole batch is checked again before each command, against the state as
 * the commands before it left it.
 */
import type { Configuration, Entry } from "@coxswain/raft-core";
import { readConfiguration } from "../configuration.ts";
import { loadRecords } from "../disk/load-records.ts";
import type { StateWriter } from "../disk/state-writer.ts";
import { EntryOrderError } from "../errors.ts";
import type { JobStoreEvent } from "../events.ts";
import { META_KEY } from "../keys.ts";
import type { ApplyResult } from "../results.ts";
import type { State } from "../state.ts";
import type { StateDatabase } from "../state-directory.ts";
import { ApplyContext, Reads, refuse, type ItemsCommand, type ScanCommand } from "./context.ts";
import { forgetOld, idTimeMs, isExpired, remember } from "./requests.ts";
import { fingerprintOf, readFirst, readSecond, stepOf, weightOf, type Step } from "./step.ts";

/** What one slice of work takes on before the event loop may turn: a few milliseconds. */
const WEIGHT_PER_SLICE = 128;

export interface ApplierOptions {
  readonly db: StateDatabase;
  readonly state: State;
  readonly writer: StateWriter;
  readonly maxUnwrittenBytes: number;
  /** Gets the hints of each slice of entries, once memory has all of it. */
  readonly onApplied: (events: readonly JobStoreEvent[]) => void;
}

export class Applier {
  readonly #db: StateDatabase;
  readonly #state: State;
  readonly #writer: StateWriter;
  readonly #maxUnwrittenBytes: number;
  readonly #onApplied: (events: readonly JobStoreEvent[]) => void;
  readonly #reads: Reads;

  constructor(options: ApplierOptions) {
    const { db, state, writer, maxUnwrittenBytes, onApplied } = options;
    this.#db = db;
    this.#state = state;
    this.#writer = writer;
    this.#maxUnwrittenBytes = maxUnwrittenBytes;
    this.#onApplied = onApplied;
    this.#reads = new Reads(state);
  }

  /** One result for each entry. Called with one batch at a time. Every rejection is fatal. */
  async apply(entries: readonly Entry[]): Promise<ApplyResult[]> {
    const results: ApplyResult[] = [];
    let next = 0;
    while (next < entries.length) {
      const slice = sliceFrom(entries, next);
      await this.#applySlice(slice, results);
      next += slice.length;
    }
    return results;
  }

  async #applySlice(slice: readonly SliceEntry[], results: ApplyResult[]): Promise<void> {
    this.#writer.check();
    if (this.#state.unwrittenBytes > this.#maxUnwrittenBytes) await this.#writer.current();
    this.#writer.hold();
    this.#state.keepReads();
    try {
      await this.#readAhead(slice);
      for (const { entry, step } of slice) results.push(await this.#applyEntry(entry, step));
      this.#state.forgetReads();
      this.#writer.release();
      this.#onApplied(this.#state.takeEvents());
    } catch (error) {
      // The entry may be half applied: nothing of it may ever be written.
      this.#writer.fail(error);
      throw error;
    }
  }

  /** One or two large reads instead of many small ones. */
  async #readAhead(slice: readonly SliceEntry[]): Promise<void> {
    for (const { step } of slice) if (step !== undefined) readFirst(step, this.#reads);
    await loadRecords(this.#db, this.#reads);
    for (const { step } of slice) if (step !== undefined) readSecond(step, this.#state, this.#reads);
    await loadRecords(this.#db, this.#reads);
  }

  async #applyEntry(entry: Entry, step: Step | undefined): Promise<ApplyResult> {
    const { meta } = this.#state;
    if (entry.index !== meta.appliedIndex + 1) {
      throw new EntryOrderError(
        `Entry ${entry.index} cannot follow entry ${meta.appliedIndex}. Restore the state from a peer.`,
      );
    }
    const result = step === undefined ? this.#applyOwn(entry) : await this.#applyStep(step);
    if (step !== undefined) meta.logTimeMs = timeOf(step, this.#state);
    meta.appliedIndex = entry.index;
    meta.appliedTerm = entry.term;
    return result;
  }

  /** Entries of Raft itself. */
  #applyOwn(entry: Entry): ApplyResult {
    if (entry.type === "noop") return { kind: "noop" };
    const configuration: Configuration = readConfiguration(entry);
    this.#state.meta.configuration = configuration;
    return { kind: "configured" };
  }

  async #applyStep(step: Step): Promise<ApplyResult> {
    const context = new ApplyContext(this.#state, step.entry.index, timeOf(step, this.#state));
    if (step.request === "") return await this.#applyBody(step, context);
    await this.#readSecondOf(step);
    return this.#answered(step, context) ?? (await this.#applyAndRemember(step, context));
  }

  /** What was answered to this request before; undefined for a new one. */
  #answered(step: Step, context: ApplyContext): ApplyResult | undefined {
    const before = this.#state.requests.get(step.request);
    if (before !== undefined) {
      if (before.fingerprint === fingerprintOf(step)) return JSON.parse(before.result) as ApplyResult;
      return refuse(
        "REQUEST_CONFLICT",
        `The request id ${step.command.requestId} was used for another request. Make a new id.`,
      );
    }
    if (!isExpired(this.#state, idTimeMs(step.command.requestId), context.timeMs)) return undefined;
    return refuse(
      "REQUEST_EXPIRED",
      `The request id ${step.command.requestId} was made outside of the request window. Look at the state, then ask again with a new id.`,
    );
  }

  async #applyAndRemember(step: Step, context: ApplyContext): Promise<ApplyResult> {
    const result = await this.#applyBody(step, context);
    const { timeMs } = context;
    remember(this.#state, step.request, {
      timeMs,
      fingerprint: fingerprintOf(step),
      result: JSON.stringify(result),
    });
    await this.#readSecondOf(step);
    forgetOld(this.#state, timeMs);
    return result;
  }

  #applyBody(step: Step, context: ApplyContext): Promise<ApplyResult> | ApplyResult {
    const { applies, body } = step;
    if (applies.shape === "items") return this.#applyItems(applies, body, context);
    if (applies.shape === "scan") return this.#applyScan(applies, body, context);
    if (applies.readsMore === undefined) return applies.apply(body, context);
    return this.#readSecondOf(step).then(() => applies.apply(body, context));
  }

  async #applyItems(
    command: ItemsCommand<unknown, unknown, unknown>,
    body: unknown,
    context: ApplyContext,
  ): Promise<ApplyResult> {
    const results: unknown[] = [];
    for (const item of command.items(body)) {
      command.readsMore?.(item, this.#state, this.#reads);
      while (!this.#reads.isComplete) {
        await loadRecords(this.#db, this.#reads);
        command.readsMore?.(item, this.#state, this.#reads);
      }
      results.push(command.apply(item, context));
      if (results.length % WEIGHT_PER_SLICE === 0) await this.#nextTurn();
    }
    return command.result(results);
  }

  async #applyScan(
    command: ScanCommand<unknown, unknown>,
    body: unknown,
    context: ApplyContext,
  ): Promise<ApplyResult> {
    // What is looked through must be on disk, wherever the batch began.
    this.#writer.release();
    await this.#writer.flush();
    this.#writer.hold();
    const found = await command.scan(body, this.#state, this.#db, context.timeMs);
    await this.#readAll(() => {
      command.reads(found, this.#reads);
    });
    return command.apply(found, context);
  }

  async #readSecondOf(step: Step): Promise<void> {
    await this.#readAll(() => {
      readSecond(step, this.#state, this.#reads);
    });
  }

  /** Reads until nothing that is declared is missing: what was read may lead to more. */
  async #readAll(declare: () => void): Promise<void> {
    declare();
    while (!this.#reads.isComplete) {
      await loadRecords(this.#db, this.#reads);
      declare();
    }
  }

  /** Lets the event loop turn: a read is the only I/O at hand. */
  async #nextTurn(): Promise<void> {
    await this.#db.get(META_KEY);
  }
}

/** Never falls, whatever the leader's clock does (G3). */
function timeOf(step: Step, state: State): number {
  return Math.max(state.meta.logTimeMs, step.command.timeMs);
}

interface SliceEntry {
  readonly entry: Entry;
  /** Undefined for entries of Raft itself. */
  readonly step: Step | undefined;
}

/** The next entries that make up one slice of work. Decoding is part of the work. */
function sliceFrom(entries: readonly Entry[], start: number): SliceEntry[] {
  const slice: SliceEntry[] = [];
  let weight = 0;
  for (let i = start; i < entries.length && weight < WEIGHT_PER_SLICE; i++) {
    const entry = entries[i];
    if (entry === undefined) break;
    const step = entry.type === "normal" ? stepOf(entry) : undefined;
    weight += step === undefined ? 1 : weightOf(step);
    slice.push({ entry, step });
  }
  return slice;
}
