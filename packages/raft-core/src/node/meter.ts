import type { Clock } from "../contracts.ts";
import type { RaftEvent } from "../core/raft.ts";
import type { RaftError } from "../errors.ts";
import type { AppendBatch, Entry, Message, NodeId, Role } from "../types.ts";
import { AppendSamples } from "./append-samples.ts";
import { surface } from "./guarded.ts";
import { type RaftCounts, type RaftMetrics, zeroCounts } from "./metrics.ts";
import type { ProposalEnd, RaftObserver, RaftReports, ReadKind } from "./observer.ts";

export interface MeterParts {
  readonly clock: Clock;
  readonly observer: RaftObserver | undefined;
  /** Messages dropped so far; undefined when nobody counts them. */
  droppedMessages(): number | undefined;
}

/** A snapshot that is over. `beganAtMs` comes from {@link Meter.now}. */
export interface SnapshotEnd {
  readonly peer: NodeId;
  readonly outcome: "installed" | "failed";
  readonly sizeBytes: number;
  readonly beganAtMs: number;
}

/**
 * Counts what happens, which costs next to nothing, and tells it to the observer. Only with an observer is the
 * clock read or anything measured. One without parts counts for nobody.
 */
export class Meter {
  readonly #parts: MeterParts | undefined;
  readonly #observer: RaftObserver | undefined;
  readonly #samples: AppendSamples | undefined;
  readonly #counts: RaftCounts = zeroCounts();
  #toldDropped = 0;
  #electionBeganAtMs = 0;

  constructor(parts?: MeterParts) {
    this.#parts = parts;
    this.#observer = parts?.observer;
    if (this.#observer?.appendAcknowledged === undefined) return;
    this.#samples = new AppendSamples({
      now: () => this.now(),
      onSample: (peer, latencyMs) => this.#tell("appendAcknowledged", { peer, latencyMs }),
    });
  }

  get isObserved(): boolean {
    return this.#observer !== undefined;
  }

  /** The time, to be given back when what begins now ends; 0 when nobody wants to know. */
  now(): number {
    return this.#observer === undefined ? 0 : (this.#parts?.clock.now() ?? 0);
  }

  metrics(): RaftMetrics {
    const { proposals, reads } = this.#counts;
    const messagesDropped = this.#parts?.droppedMessages();
    return { ...this.#counts, proposals: { ...proposals }, reads: { ...reads }, messagesDropped };
  }

  proposalApplied(beganAtMs: number, sizeBytes: number): void {
    this.#counts.proposals.applied++;
    this.#proposalEnded("applied", undefined, beganAtMs, sizeBytes);
  }

  proposalFailed(error: RaftError, beganAtMs: number, sizeBytes: number): void {
    const outcome = outcomeOf(error);
    this.#counts.proposals[outcome]++;
    if (error.code === "TOO_MANY_PROPOSALS") this.#counts.proposals.tooMany++;
    this.#proposalEnded(outcome, error.code, beganAtMs, sizeBytes);
  }

  readServed(kind: ReadKind, beganAtMs: number): void {
    this.#counts.reads.served++;
    if (this.isObserved)
      this.#tell("readEnded", { kind, reason: undefined, latencyMs: this.#since(beganAtMs) });
  }

  readFailed(kind: ReadKind, error: RaftError, beganAtMs: number): void {
    this.#counts.reads.rejected++;
    if (this.isObserved)
      this.#tell("readEnded", { kind, reason: error.code, latencyMs: this.#since(beganAtMs) });
  }

  logWritten({ entries }: AppendBatch, beganAtMs: number): void {
    this.#counts.writes++;
    if (this.#observer?.logWritten === undefined) return;
    const durationMs = this.#since(beganAtMs);
    this.#tell("logWritten", { entries: entries.length, sizeBytes: bytesOf(entries), durationMs });
  }

  batchApplied(entries: number, beganAtMs: number): void {
    this.#counts.appliedEntries += entries;
    if (this.isObserved) this.#tell("batchApplied", { entries, durationMs: this.#since(beganAtMs) });
  }

  /** Call before they are given to the transport. */
  messagesSent(messages: readonly Message[]): void {
    this.#counts.messagesOut += messages.length;
    this.#samples?.sent(messages);
  }

  messagesReceived(messages: readonly Message[]): void {
    this.#counts.messagesIn += messages.length;
    this.#samples?.received(messages);
  }

  /** Time has passed: asks the transport what it dropped. */
  tick(): void {
    if (this.#observer?.messagesDropped === undefined) return;
    const dropped = this.#parts?.droppedMessages() ?? 0;
    if (dropped > this.#toldDropped) this.#tell("messagesDropped", { messages: dropped - this.#toldDropped });
    this.#toldDropped = dropped;
  }

  observe(event: RaftEvent): void {
    if (event.type === "termChanged") this.#tell("termChanged", { term: event.term });
    else if (event.type === "roleChanged") this.#roleChanged(event.role, event.previous, event.term);
    else if (event.type === "leaderElected") {
      this.#counts.electionsWon++;
      this.#tell("electionWon", { term: event.term, durationMs: this.#since(this.#electionBeganAtMs) });
    }
  }

  /** A snapshot takes the place of entries to this peer. */
  snapshotBegan(peer: NodeId): void {
    this.#samples?.replaced(peer);
  }

  snapshotSent({ peer: to, outcome, sizeBytes, beganAtMs }: SnapshotEnd): void {
    if (outcome === "installed") this.#counts.snapshotsSent++;
    else this.#counts.snapshotsFailed++;
    this.#tell("snapshotSent", { to, outcome, sizeBytes, durationMs: this.#since(beganAtMs) });
  }

  snapshotReceived({ peer: from, outcome, sizeBytes, beganAtMs }: SnapshotEnd): void {
    if (outcome === "installed") this.#counts.snapshotsInstalled++;
    else this.#counts.snapshotsFailed++;
    this.#tell("snapshotReceived", { from, outcome, sizeBytes, durationMs: this.#since(beganAtMs) });
  }

  #roleChanged(role: Role, previous: Role, term: number): void {
    if (previous === "follower") this.#electionBeganAtMs = this.now();
    this.#tell("roleChanged", { role, previous, term });
    if (role !== "candidate") return;
    this.#counts.electionsStarted++;
    this.#tell("electionStarted", { term });
  }

  #proposalEnded(
    outcome: ProposalEnd,
    reason: string | undefined,
    beganAtMs: number,
    sizeBytes: number,
  ): void {
    if (this.#observer !== undefined)
      this.#tell("proposalEnded", { outcome, reason, latencyMs: this.#since(beganAtMs), sizeBytes });
  }

  #since(beganAtMs: number): number {
    return this.now() - beganAtMs;
  }

  #tell<Name extends keyof RaftReports>(name: Name, report: RaftReports[Name]): void {
    try {
      this.#observer?.[name]?.(report);
    } catch (error) {
      surface(error);
    }
  }
}

function outcomeOf(error: RaftError): Exclude<ProposalEnd, "applied"> {
  if (error.code === "PROPOSAL_DROPPED") return "dropped";
  return error.code === "PROPOSAL_OUTCOME_UNKNOWN" ? "unknown" : "rejected";
}

function bytesOf(entries: readonly Entry[]): number {
  let sizeBytes = 0;
  for (const { data } of entries) sizeBytes += data.length;
  return sizeBytes;
}
