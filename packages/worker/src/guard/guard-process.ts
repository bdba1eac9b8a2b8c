import { strict as assert } from "node:assert";
import { silentLogger } from "@coxswain/executor";
import type { GuardHandle, GuardTarget, Logger } from "@coxswain/executor";
import { GuardChild } from "./guard-child.ts";
import type { GuardReport } from "./guard-child.ts";
import { GuardStoppedError, LeaseEndedError } from "./guard-errors.ts";

/** Targets that the guard has ended. */
export interface GuardEnded {
  readonly targets: readonly GuardTarget[];
  readonly reason: "lease" | "told";
}

export interface GuardProcessOptions {
  /** Called after the guard has killed targets. Their attempts end by SIGKILL, earlier or later than this call. */
  readonly onEnded?: (ended: GuardEnded) => void;
  readonly logger?: Logger;
}

/** One target and who waits for the guard to know it. */
interface Protection {
  readonly id: number;
  readonly target: GuardTarget;
  acknowledged: boolean;
  readonly settle: (error?: Error) => void;
  /** Who asks whether the guard has ended it. */
  readonly questions: ((ended: boolean) => void)[];
}

const RESTART_FIRST_MS = 10;
const RESTART_LONGEST_MS = 1_000;
/** Longer than the guard itself tries to kill; then it must be stopped or stuck. */
const STOP_WITHIN_MS = 10_000;
const keyOf = (target: GuardTarget): string => `${target.pgid} ${target.startTime}`;

/**
 * The node's end of the guard (G13). Starts the guard's process, tells it what to protect and
 * how long the lease lasts, and starts it again, told everything anew, if it dies. While it is
 * down nothing new is let go: `protect` waits.
 */
export class GuardProcess implements GuardHandle {
  readonly #onEnded: (ended: GuardEnded) => void;
  readonly #logger: Logger;
  readonly #protections = new Map<string, Protection>();
  #child: GuardChild | undefined;
  #up = false;
  #stopping = false;
  #restartMs = RESTART_FIRST_MS;
  #restart: NodeJS.Timeout | undefined;
  #leaseEndUptimeMs: number | undefined;
  #nextId = 1;
  #waiting: { readonly event: "up" | "ended" | "exit"; readonly resolve: () => void }[] = [];

  private constructor(options: GuardProcessOptions) {
    this.#onEnded = options.onEnded ?? (() => {});
    this.#logger = options.logger ?? silentLogger;
  }

  /**
   * Resolves when the guard is up. There is no lease yet, so it refuses every target until
   * `renew`. Rejects with {@link GuardStoppedError} when its process cannot be started.
   */
  static async start(options: GuardProcessOptions = {}): Promise<GuardProcess> {
    const guard = new GuardProcess(options);
    guard.#spawn();
    await Promise.race([guard.#until("up"), guard.#until("exit")]);
    if (guard.#up) return guard;
    await guard.stop();
    throw new GuardStoppedError("The guard's process cannot be started; see the log for what it said.");
  }

  /** Undefined while it is down. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** @param leaseEndUptimeMs when the lease ends, as `uptimeMs()` will then say */
  renew(leaseEndUptimeMs: number): void {
    this.#leaseEndUptimeMs = leaseEndUptimeMs;
    this.#tell({ op: "renew", endUptimeMs: leaseEndUptimeMs });
  }

  /**
   * Rejects with {@link LeaseEndedError} when there is no lease, and with
   * {@link GuardStoppedError} after `stop`. Costs a fraction of a millisecond.
   */
  protect(target: GuardTarget): Promise<void> {
    assert(Number.isSafeInteger(target.pgid) && target.pgid > 1, `not a group: ${target.pgid}`);
    if (this.#stopping) return Promise.reject(new GuardStoppedError("The guard is stopped; the node is shutting down."));
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => (error ? reject(error) : resolve());
      const protection = { id: this.#nextId, target, acknowledged: false, settle, questions: [] };
      this.#nextId += 1;
      this.#protections.set(keyOf(target), protection);
      this.#tellTarget(protection);
    });
  }

  release(target: GuardTarget): void {
    const protection = this.#protections.get(keyOf(target));
    if (!protection) return;
    this.#forget(protection, false);
    this.#tell({ op: "release", id: protection.id });
    protection.settle(new GuardStoppedError("The target was released before the guard knew it."));
  }

  /** Asks the guard, whose kill may be noticed before its report. Waits for it if it is down. */
  hasEnded(target: GuardTarget): Promise<boolean> {
    const protection = this.#protections.get(keyOf(target));
    // The report was heard, or the target was never taken; a caller asks only about those that were.
    if (!protection || this.#stopping) return Promise.resolve(true);
    return new Promise((resolve) => {
      protection.questions.push(resolve);
      this.#tell({ op: "ask", id: protection.id });
    });
  }

  /** Ends all targets now. Resolves when they are gone; waits for the guard if it is down. */
  async endAll(): Promise<void> {
    if (!this.#up) await this.#until("up");
    const ended = this.#until("ended");
    this.#tell({ op: "end" });
    await ended;
  }

  /** Ends all targets and the guard. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    if (!this.#child) return this.#giveUp();
    const gone = this.#until("exit");
    this.#child.closeInput();
    const force = setTimeout(() => this.#child?.kill(), STOP_WITHIN_MS);
    await gone;
    clearTimeout(force);
  }

  #spawn(): void {
    this.#child = new GuardChild({
      report: (report) => this.#hear(report),
      complaint: (line) => this.#logger.error({ line }, "the guard complains"),
      exit: () => this.#exited(),
    });
  }

  #hear(report: GuardReport): void {
    if ("up" in report) this.#cameUp();
    else if ("ack" in report) this.#acknowledged(report.ack);
    else if ("refused" in report) this.#refused(report.refused);
    else if ("asked" in report) this.#answered(report.asked, !report.guarded);
    else this.#ended(report.ended, report.reason, report.left);
  }

  #cameUp(): void {
    this.#up = true;
    this.#restartMs = RESTART_FIRST_MS;
    if (this.#leaseEndUptimeMs !== undefined) this.#tell({ op: "renew", endUptimeMs: this.#leaseEndUptimeMs });
    for (const protection of this.#protections.values()) this.#tellTarget(protection);
    this.#happened("up");
  }

  #acknowledged(id: number): void {
    const protection = this.#byId(id);
    if (!protection) return;
    protection.acknowledged = true;
    protection.settle();
  }

  #refused(id: number): void {
    const protection = this.#byId(id);
    if (!protection) return;
    this.#forget(protection, true);
    protection.settle(new LeaseEndedError("The node has no lease; start the attempt when it is renewed."));
  }

  #ended(ids: readonly number[], reason: "lease" | "told", left: readonly number[]): void {
    const protections = ids.flatMap((id) => this.#byId(id) ?? []);
    for (const protection of protections) this.#forget(protection, true);
    if (left.length > 0) this.#logger.error({ pids: left }, "processes outlive the guard's SIGKILL");
    this.#onEnded({ targets: protections.map(({ target }) => target), reason });
    this.#happened("ended");
  }

  #exited(): void {
    this.#child = undefined;
    this.#up = false;
    this.#happened("exit");
    if (this.#stopping) return this.#giveUp();
    this.#logger.warn({ restartMs: this.#restartMs }, "the guard died; starting it again");
    this.#restart = setTimeout(() => this.#spawn(), this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, RESTART_LONGEST_MS);
  }

  #giveUp(): void {
    const error = new GuardStoppedError("The guard is stopped; the node is shutting down.");
    for (const protection of this.#protections.values()) {
      this.#forget(protection, true);
      protection.settle(error);
    }
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** What ran before the guard died is kept in any case; what waits is asked for again. */
  #tellTarget({ id, target, acknowledged, questions }: Protection): void {
    const { kind: _, ...rest } = target;
    this.#tell({ op: acknowledged ? "keep" : "protect", id, ...rest });
    if (questions.length > 0) this.#tell({ op: "ask", id });
  }

  #forget(protection: Protection, ended: boolean): void {
    this.#protections.delete(keyOf(protection.target));
    for (const answer of protection.questions.splice(0)) answer(ended);
  }

  #answered(id: number, ended: boolean): void {
    for (const answer of this.#byId(id)?.questions.splice(0) ?? []) answer(ended);
  }

  #tell(order: Parameters<GuardChild["tell"]>[0]): void {
    if (this.#up) this.#child?.tell(order);
  }

  #byId(id: number): Protection | undefined {
    return [...this.#protections.values()].find((protection) => protection.id === id);
  }

  #until(event: "up" | "ended" | "exit"): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ event, resolve }));
  }

  #happened(event: "up" | "ended" | "exit"): void {
    const due = this.#waiting.filter((waiter) => waiter.event === event);
    this.#waiting = this.#waiting.filter((waiter) => waiter.event !== event);
    for (const { resolve } of due) resolve();
  }
}
