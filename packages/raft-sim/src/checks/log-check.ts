import type { Entry, NodeId, PersistedState, Ready, SnapshotMeta } from "@coxswain/raft-core";
import type { SimNode } from "../cluster/sim-node.ts";
import type { CommitCheck } from "./commit-check.ts";
import { ViolationError } from "../violation.ts";

/** The terms of one node's log, as far as it told its disk. */
interface Mirror {
  base: number;
  baseTerm: number;
  terms: number[];
  /** Where its config entries are. */
  configs: number[];
  /** The node's term at its last ready. */
  term: number;
  /** The term it led in then; 0 if it did not. */
  ledTerm: number;
}

interface Known {
  readonly entry: Entry;
  readonly previousTerm: number;
}

/** One in this many readies, a whole log is compared with what the disk was told. */
const FULL_COMPARISON_EVERY = 256;

/**
 * Log matching and leader append-only (Raft paper, figure 3), each entry at a time: wherever an entry of one
 * index and term is appended it must be the same, after one of the same term. By induction, two logs that agree
 * at one place agree in all before it.
 */
export class LogCheck {
  readonly #mirrors = new Map<NodeId, Mirror>();
  readonly #known = new Map<number, Known>();
  readonly #commits: Pick<CommitCheck, "termAt" | "committedInTerm">;
  #readies = 0;

  constructor(commits: Pick<CommitCheck, "termAt" | "committedInTerm">) {
    this.#commits = commits;
  }

  started(node: SimNode, { hardState, snapshot, entries }: PersistedState): void {
    const mirror = newMirror(snapshot, hardState.term);
    this.#mirrors.set(node.id, mirror);
    for (const entry of entries) this.#append(node, mirror, entry);
  }

  installed(node: SimNode, meta: SnapshotMeta): void {
    this.#mirrors.set(node.id, newMirror(meta, node.raft.term));
  }

  ready(node: SimNode, ready: Ready): void {
    const mirror = this.#mirrors.get(node.id);
    if (mirror === undefined) return;
    const { raft } = node;
    const ledTerm = raft.role === "leader" ? raft.term : 0;
    const first = ready.append?.entries[0];
    if (first !== undefined && ledTerm !== 0 && ledTerm === mirror.ledTerm && first.index <= lastOf(mirror)) {
      throw new ViolationError(
        "leaderAppendOnly",
        `node ${node.id} leads term ${ledTerm} and overwrites its entry ${first.index}`,
      );
    }
    mirror.ledTerm = ledTerm;
    if (ready.append !== undefined) {
      for (const entry of ready.append.entries) this.#append(node, mirror, entry);
    }
    mirror.term = raft.term;
    this.#readies += 1;
    if (this.#readies % FULL_COMPARISON_EVERY === 0) compareWhole(node, mirror);
  }

  #append(node: SimNode, mirror: Mirror, entry: Entry): void {
    const { index, term } = entry;
    const at = index - mirror.base - 1;
    if (at < 0 || at > mirror.terms.length) {
      throw new ViolationError("logMatching", `node ${node.id} appends ${index} after ${lastOf(mirror)}`);
    }
    this.#refuseLosing(node, mirror, entry);
    mirror.terms.length = at;
    while ((mirror.configs[mirror.configs.length - 1] ?? 0) >= index) mirror.configs.pop();
    this.#compareWithKnown(node, entry, at === 0 ? mirror.baseTerm : (mirror.terms[at - 1] ?? 0));
    mirror.terms.push(term);
    if (entry.type === "config") refuseRashChange(node, mirror, entry);
  }

  /**
   * Replacing an entry is in order, unless it is committed. And unless nobody counted this copy: a later leader may have
   * committed an entry of an earlier term while this node still follows the leader between the two (figure 8).
   */
  #refuseLosing(node: SimNode, mirror: Mirror, { index, term }: Entry): void {
    const held = mirror.terms[index - mirror.base - 1];
    if (held === undefined || held === term || held !== this.#commits.termAt(index)) return;
    const committedIn = this.#commits.committedInTerm(index) ?? 0;
    if (term < committedIn && mirror.term < committedIn) return;
    throw new ViolationError(
      "stateMachineSafety",
      `node ${node.id} replaces committed entry ${index}@${held} by one of term ${term}`,
    );
  }

  #compareWithKnown(node: SimNode, entry: Entry, previousTerm: number): void {
    const key = entry.index * 2 ** 20 + entry.term;
    const known = this.#known.get(key);
    if (known === undefined) {
      this.#known.set(key, { entry, previousTerm });
    } else if (known.previousTerm !== previousTerm || !isSameEntry(known.entry, entry)) {
      throw new ViolationError(
        "logMatching",
        `node ${node.id} holds ${entry.index}@${entry.term} after term ${previousTerm}; ` +
          `elsewhere it is ${known.entry.type} after term ${known.previousTerm}`,
      );
    }
  }
}

/** Entries travel by reference here, so the bytes are rarely looked at. */
export function isSameEntry(a: Entry, b: Entry): boolean {
  if (a === b) return true;
  const isSameHead = a.index === b.index && a.term === b.term && a.type === b.type;
  return (
    isSameHead && a.data.length === b.data.length && a.data.every((byte, index) => byte === b.data[index])
  );
}

function newMirror({ index, term: baseTerm }: SnapshotMeta, term: number): Mirror {
  return { base: index, baseTerm, terms: [], configs: [], term, ledTerm: 0 };
}

function lastOf(mirror: Mirror): number {
  return mirror.base + mirror.terms.length;
}

/**
 * A leader changes members only once it has committed an entry of its own term, and the change before
 * (dissertation 4.1, and its correction of 2015).
 */
function refuseRashChange({ id, raft }: SimNode, mirror: Mirror, { index, term }: Entry): void {
  const previous = mirror.configs[mirror.configs.length - 1] ?? 0;
  mirror.configs.push(index);
  if (raft.role !== "leader" || term !== raft.term) return;
  const isOwnCommitted = raft.termAt(raft.commitIndex) === term;
  if (isOwnCommitted && previous <= raft.commitIndex) return;
  throw new ViolationError(
    "membershipRule",
    `leader ${id} of term ${term} changes members at ${index}, committed is ${raft.commitIndex}@${raft.termAt(raft.commitIndex)}, the change before at ${previous}`,
  );
}

/** What the core holds in memory is what it told the disk. */
function compareWhole(node: SimNode, mirror: Mirror): void {
  const last = lastOf(mirror);
  for (let index = last + 1; index > mirror.base; index -= 1) {
    const held = node.raft.termAt(index);
    const told = mirror.terms[index - mirror.base - 1];
    if (held === told) continue;
    if (held === undefined && index < last) return; // Compacted from here on.
    throw new ViolationError(
      "logMatching",
      `node ${node.id} holds term ${held} at ${index}, its disk was told ${told}`,
    );
  }
}
