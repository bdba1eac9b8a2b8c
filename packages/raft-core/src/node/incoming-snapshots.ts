import type { Clock, IncomingSnapshot, StateMachine } from "../contracts.ts";
import type { SnapshotDecision } from "../core/raft.ts";
import type { SnapshotMeta } from "../types.ts";
import { asError, FeatureLevelError, NodeStoppedError, SnapshotRefusedError } from "./errors.ts";
import { GuardedChunks } from "./guarded-chunks.ts";
import type { Meter, SnapshotEnd } from "./meter.ts";

export interface IncomingSnapshotsParts {
  readonly stateMachine: Pick<StateMachine<unknown>, "restore">;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly stallMs: number;
  readonly featureLevel: number;
  /** Asks the core; from a yes on, it hands out nothing more to apply. */
  decide(incoming: IncomingSnapshot): SnapshotDecision;
  /** Resolves when what was handed out is applied. */
  applyIdle(): Promise<void>;
  /**
   * Lets the log begin after `meta`, with what it holds beyond or, unless `keepsLog`, empty; resolves when that is
   * durable. Its failure is fatal and handled elsewhere: then it never resolves.
   */
  beginLogAfter(meta: SnapshotMeta, keepsLog: boolean): Promise<void>;
  onInstalled(meta: SnapshotMeta): void;
  /** What `decide` said yes to was not installed; the old state stands. */
  onNotInstalled(): void;
  /** Not taken, for whatever reason the sender may mend. */
  onRefused(incoming: IncomingSnapshot, error: Error): void;
  onFatal(error: Error): void;
}

/**
 * The follower's side of snapshots, in the order that survives a crash at any point (G18): the state first,
 * durably, then the log. A state that is ahead of its log is put right at the next start.
 */
export class IncomingSnapshots {
  readonly #parts: IncomingSnapshotsParts;
  readonly #stop = new AbortController();
  #installing: Promise<void> | undefined;

  constructor(parts: IncomingSnapshotsParts) {
    this.#parts = parts;
  }

  /** Resolves when the snapshot is installed, or held already; rejects when it is refused. */
  async receive(incoming: IncomingSnapshot): Promise<void> {
    try {
      await this.#receive(incoming);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#parts.onRefused(incoming, asError(error));
      throw error;
    }
  }

  /** Breaks off a snapshot under way. */
  halt(reason: Error): void {
    this.#stop.abort(reason);
  }

  /** Resolves when nothing is being installed. */
  async idle(): Promise<void> {
    await this.#installing?.catch(() => undefined);
  }

  async #receive(incoming: IncomingSnapshot): Promise<void> {
    this.#refuseIfStopped();
    const { featureLevel } = incoming.meta;
    if (featureLevel > this.#parts.featureLevel)
      throw new FeatureLevelError(featureLevel, this.#parts.featureLevel);
    if (this.#installing !== undefined) throw refused(REASONS.busy);
    const decision = this.#parts.decide(incoming);
    this.#refuseIfStopped();
    if (decision.install) await this.#begin(incoming, decision.keepsLog);
    else if (decision.reason !== "alreadyHeld") throw refused(REASONS[decision.reason]);
  }

  #begin(incoming: IncomingSnapshot, keepsLog: boolean): Promise<void> {
    const installing = this.#install(incoming, keepsLog).finally(() => {
      this.#installing = undefined;
    });
    this.#installing = installing;
    return installing;
  }

  async #install(incoming: IncomingSnapshot, keepsLog: boolean): Promise<void> {
    const { clock, meter, stallMs } = this.#parts;
    const beganAtMs = meter.now();
    const guarded = new GuardedChunks(incoming.chunks, clock, stallMs, this.#stop.signal);
    let outcome: SnapshotEnd["outcome"] = "failed";
    try {
      await this.#restore(incoming, guarded);
      this.#refuseIfStopped();
      await this.#parts.beginLogAfter(incoming.meta, keepsLog);
      this.#refuseIfStopped();
      outcome = "installed";
    } finally {
      meter.snapshotReceived({ peer: incoming.from, outcome, sizeBytes: guarded.sizeBytes, beganAtMs });
    }
    this.#parts.onInstalled(incoming.meta);
  }

  async #restore(incoming: IncomingSnapshot, guarded: GuardedChunks): Promise<void> {
    await this.#parts.applyIdle();
    this.#refuseIfStopped();
    try {
      await this.#parts.stateMachine.restore(incoming.meta, guarded.chunks());
    } catch (error) {
      this.#restoreFailed(asError(error), guarded);
      throw error;
    } finally {
      guarded.release();
    }
  }

  /** A stream that broke, or brought what is no valid snapshot, is the sender's affair. Anything else is a disk that failed (G19). */
  #restoreFailed(error: Error, guarded: GuardedChunks): void {
    if (this.#stop.signal.aborted) return;
    if (guarded.broken !== undefined || blamesSnapshot(error)) this.#parts.onNotInstalled();
    else this.#parts.onFatal(error);
  }

  #refuseIfStopped(): void {
    if (!this.#stop.signal.aborted) return;
    throw new NodeStoppedError("This node stopped and installs no snapshots.", {
      cause: this.#stop.signal.reason,
    });
  }
}

const REASONS = {
  busy: "another one is being installed",
  staleTerm: "its sender was deposed",
  tooOld: "it ends before the log here begins",
} as const;

/** The contract of `restore`: these categories say that the snapshot was at fault and the old state stands. */
function blamesSnapshot(error: Error): boolean {
  return "category" in error && (error.category === "invalid" || error.category === "unavailable");
}

function refused(why: string): SnapshotRefusedError {
  return new SnapshotRefusedError(
    `The snapshot was refused: ${why}. The leader will try again if it is still needed.`,
  );
}
