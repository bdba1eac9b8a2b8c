import { ContractBrokenError } from "../node/errors.ts";
import type { Entry } from "../types.ts";
import type { SessionChange } from "./contracts.ts";
import { decodeSessionEntry, isSessionEntry, type SessionCommand, type SessionEntry } from "./entry.ts";
import { NO_JOURNAL, RecordJournal } from "./records.ts";
import type { ResultCodec, SessionRefusal, SessionResult } from "./results.ts";
import type { KeptResult, SessionTable } from "./table.ts";

/** How an entry will be answered once the state machine has given its results. */
type Step<Result> =
  | { readonly kind: "passed" }
  | { readonly kind: "fresh"; readonly slot: KeptResult; readonly maxResultBytes: number }
  | { readonly kind: "repeated"; readonly slot: KeptResult }
  | { readonly kind: "known"; readonly answer: SessionResult<Result> };

export interface SettledBatch<Result> {
  readonly answers: SessionResult<Result>[];
  /** For each entry; empty lists unless recorded. */
  readonly changes: SessionChange[][];
}

const NOTHING = new Uint8Array(0);

/**
 * Some entries, taken through the session table: first what the state machine is to apply, then, with its results,
 * the answers and the table's changes. No decision depends on a result, nor on where a batch begins (G8).
 */
export class SessionBatch<Result> {
  readonly #table: SessionTable;
  readonly #codec: ResultCodec<Result>;
  readonly #journal: RecordJournal | undefined;
  readonly #steps: Step<Result>[] = [];
  readonly #changes: (readonly (() => SessionChange)[])[] = [];
  /** One for each entry, so that indexes stay gapless: what is not for the state machine is a noop to it. */
  readonly entries: readonly Entry[];

  constructor(
    entries: readonly Entry[],
    table: SessionTable,
    codec: ResultCodec<Result>,
    record: "record" | "discard",
  ) {
    this.#table = table;
    this.#codec = codec;
    this.#journal = record === "record" ? new RecordJournal() : undefined;
    this.entries = entries.map((entry) => this.#take(entry));
  }

  settle(results: readonly Result[]): SettledBatch<Result> {
    if (results.length !== this.#steps.length) {
      throw new ContractBrokenError(
        `apply gave ${results.length} results for ${this.#steps.length} entries. Fix the state machine.`,
      );
    }
    const settled: SettledBatch<Result> = { answers: [], changes: [] };
    for (const [i, result] of results.entries()) {
      settled.answers.push(this.#answer(this.#steps[i] ?? { kind: "passed" }, result));
      settled.changes.push((this.#changes[i] ?? []).map((change) => change()));
    }
    return settled;
  }

  #take(entry: Entry): Entry {
    const { index, term, type, data } = entry;
    if (type !== "normal" || !isSessionEntry(data)) return this.#step({ kind: "passed" }, entry);
    const said = readOrUndefined(data);
    if (said === undefined) return this.#step(refused("entryMalformed"), noop(index, term));
    if (said.kind === "plain") return this.#step({ kind: "passed" }, { ...entry, data: said.payload });
    if (said.kind === "command") return this.#command(entry, said);
    return this.#step(this.#administer(index, said), noop(index, term));
  }

  #command(entry: Entry, command: SessionCommand): Entry {
    const verdict = this.#table.command(entry.index, command, this.#journal ?? NO_JOURNAL);
    if (verdict.kind === "fresh") return this.#step(verdict, { ...entry, data: command.payload });
    const step = verdict.kind === "refused" ? refused<Result>(verdict.reason) : verdict;
    return this.#step(step, noop(entry.index, entry.term));
  }

  #administer(
    index: number,
    said: Extract<SessionEntry, { kind: "register" | "end" | "limits" }>,
  ): Step<Result> {
    const journal = this.#journal ?? NO_JOURNAL;
    switch (said.kind) {
      case "register": {
        this.#table.register(index, journal);
        const { maxOutstanding } = this.#table.limits;
        return { kind: "known", answer: { kind: "registered", session: index, maxOutstanding } };
      }
      case "end":
        if (!this.#table.end(said.session, journal)) return refused("sessionUnknown");
        return { kind: "known", answer: { kind: "done" } };
      case "limits":
        this.#table.setLimits(said.limits, journal);
        return { kind: "known", answer: { kind: "done" } };
    }
  }

  #step(step: Step<Result>, forInner: Entry): Entry {
    this.#steps.push(step);
    this.#changes.push(this.#journal?.take() ?? []);
    return forInner;
  }

  #answer(step: Step<Result>, result: Result): SessionResult<Result> {
    switch (step.kind) {
      case "known":
        return step.answer;
      case "passed":
        return { kind: "result", result, repeated: false };
      case "fresh":
        this.#keep(step.slot, result, step.maxResultBytes);
        return { kind: "result", result, repeated: false };
      case "repeated":
        return this.#repeat(step.slot);
    }
  }

  #keep(slot: KeptResult, result: Result, maxBytes: number): void {
    const encoded = this.#codec.encode(result);
    slot.state = encoded.length > maxBytes ? "tooLarge" : "kept";
    if (slot.state === "kept") slot.encoded = encoded.slice();
  }

  #repeat({ state, encoded }: KeptResult): SessionResult<Result> {
    if (state === "awaited")
      throw new ContractBrokenError("apply goes on after a batch that failed. Open the state machine anew.");
    if (state === "tooLarge") return { kind: "refused", reason: "resultNotKept" };
    return { kind: "result", result: this.#codec.decode(encoded), repeated: true };
  }
}

/** What this release cannot read is refused on every node alike; to throw would stop them all, for ever. */
function readOrUndefined(data: Uint8Array): SessionEntry | undefined {
  try {
    return decodeSessionEntry(data);
  } catch {
    return undefined;
  }
}

function refused<Result>(reason: SessionRefusal): Step<Result> {
  return { kind: "known", answer: { kind: "refused", reason } };
}

function noop(index: number, term: number): Entry {
  return { index, term, type: "noop", data: NOTHING };
}
