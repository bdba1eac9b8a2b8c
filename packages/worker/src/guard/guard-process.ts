import { strict as assert } from "node:assert";
import { resolve as absolute } from "node:path";
import { silentLogger } from "@coxswain/executor";
import type { GuardHandle, GuardTarget, Logger } from "@coxswain/executor";
import { uptimeMs } from "./boot-clock.ts";
import { GuardChild } from "./guard-child.ts";
import type { GuardReport } from "./guard-child.ts";
import { GuardRecordError, GuardStoppedError, LeaseEndedError } from "./guard-errors.ts";
import { guardRecords, leaseEndOf, relieve } from "./guard-records.ts";
import { keyOf, Protection } from "./protection.ts";

/** Targets that the guard has ended. */
export interface GuardEnded {
  readonly targets: readonly GuardTarget[];
  readonly reason: "lease" | "told";
}

export interface GuardProcessOptions {
  /** Called after the guard has killed targets. Their attempts end by SIGKILL, earlier or later than this call. */
  readonly onEnded?: (ended: GuardEnded) => void;
  readonly logger?: Logger;
  /**
   * Where the guard notes which containers it guards; must be there, be this node's alone, and the same at each start.
   * With it containers outlive a node that is killed, until its lease ends, and the guard of the next start takes
   * them over. Default none: they die with the node.
   */
  readonly directory?: string;
}

const RESTART_FIRST_MS = 10;
const RESTART_LONGEST_MS = 1_000;
/** Longer than the guard itself tries to kill; then it must be stopped or stuck. */
const STOP_WITHIN_MS = 10_000;
/** Renewals that the guard may leave unanswered, and for how long, before it counts as stopped or stuck, and is replaced. */
const UNANSWERED_RENEWALS = 2;
const UNANSWERED_MS = 1_000;

/**
 * The node's end of the guard (G13). Starts the guard's process, tells it what to protect and
 * how long the lease lasts, and starts it again, told everything anew, if it dies. While it is
 * down nothing new is let go: `protect` waits.
 */
export class GuardProcess implements GuardHandle {
  readonly #onEnded: (ended: GuardEnded) => void;
  readonly #logger: Logger;
  readonly #directory: string | undefined;
  readonly #protections = new Map<string, Protection>();
  readonly #byId = new Map<number, Protection>();
  #child: GuardChild | undefined;
  #up = false;
  /** The name of the present guard's record. */
  #record: string | undefined;
  #unanswered = 0;
  #unansweredSinceMs = 0;
  #stopping = false;
  #restartMs = RESTART_FIRST_MS;
  #restart: NodeJS.Timeout | undefined;
  #leaseEndUptimeMs: number | undefined;
  #nextId = 1;
  #waiting: { readonly event: "up" | "ended" | "exit"; readonly resolve: () => void }[] = [];

  private constructor(options: GuardProcessOptions) {
    this.#onEnded = options.onEnded ?? (() => {});
    this.#logger = options.logger ?? silentLogger;
    this.#directory = options.directory === undefined ? undefined : absolute(options.directory);
  }

  /**
   * Resolves when the guard is up and guards what earlier guards of the directory did, in their place. There is no
   * lease but theirs yet, so it refuses every target until `renew`. Rejects with {@link GuardStoppedError} when its
   * process cannot be started.
   */
  static async start(options: GuardProcessOptions = {}): Promise<GuardProcess> {
    const guard = new GuardProcess(options);
    guard.#spawn();
    await Promise.race([guard.#until("up"), guard.#until("exit")]);
    if (!guard.#up) {
      await guard.stop();
      throw new GuardStoppedError("The guard's process cannot be started; see the log for what it said.");
    }
    await guard.#takeOver();
    return guard;
  }

  /** Undefined while it is down. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** How long the lease lasts that the guard knows, be it an earlier start's. */
  leaseLeftMs(): number {
    return Math.max(0, (this.#leaseEndUptimeMs ?? 0) - uptimeMs());
  }

  /**
   * Replaces the guard when it has not answered to the renewals before: it is stopped or stuck.
   *
   * @param leaseEndUptimeMs when the lease ends, as `uptimeMs()` will then say
   */
  renew(leaseEndUptimeMs: number): void {
    this.#leaseEndUptimeMs = leaseEndUptimeMs;
    this.#tell({ op: "renew", endUptimeMs: leaseEndUptimeMs });
    if (!this.#up) return;
    if (this.#unanswered === 0) this.#unansweredSinceMs = performance.now();
    this.#unanswered += 1;
    if (this.#unanswered <= UNANSWERED_RENEWALS || performance.now() - this.#unansweredSinceMs < UNANSWERED_MS) return;
    this.#logger.warn({ pid: this.pid }, "the guard does not answer; replacing it");
    this.#child?.kill();
  }

  /**
   * Takes a target, or one of an earlier start, which is then adopted. Rejects with {@link LeaseEndedError} when there
   * is no lease, with {@link GuardRecordError} when a container cannot be noted on disk, and with
   * {@link GuardStoppedError} after `stop`. Costs a fraction of a millisecond.
   */
  protect(target: GuardTarget): Promise<void> {
    if (target.kind === "process-group") assert(Number.isSafeInteger(target.pgid) && target.pgid > 1, `not a group: ${target.pgid}`);
    if (this.#stopping) return Promise.reject(new GuardStoppedError("The guard is stopped; the node is shutting down."));
    const left = this.#protections.get(keyOf(target));
    if (left?.unclaimed && !left.doomed) {
      left.unclaimed = false;
      return left.known;
    }
    return this.#add(target, { left: false }).known;
  }

  release(target: GuardTarget): void {
    const protection = this.#protections.get(keyOf(target));
    if (!protection) return;
    this.#tell({ op: "release", id: protection.id });
    this.#forget(protection, false, new GuardStoppedError("The target was released before the guard knew it."));
  }

  /** Asks the guard, whose kill may be noticed before its report. Waits for it if it is down. */
  hasEnded(target: GuardTarget): Promise<boolean> {
    const protection = this.#protections.get(keyOf(target));
    // The report was heard, or the target was never taken; a caller asks only about those that were.
    if (!protection || this.#stopping) return Promise.resolve(true);
    const answer = protection.ask();
    this.#tell({ op: "ask", id: protection.id });
    return answer;
  }

  /** Ends all targets now. Resolves when they are gone; waits for the guard if it is down. */
  async endAll(): Promise<void> {
    if (!this.#up) await this.#until("up");
    const ended = this.#until("ended");
    this.#tell({ op: "end" });
    await ended;
  }

  /** What earlier starts of the node left, and nobody has adopted. */
  get unclaimed(): readonly GuardTarget[] {
    return [...this.#protections.values()].filter(({ unclaimed }) => unclaimed).map(({ target }) => target);
  }

  /** Ends what is unclaimed. Resolves when nothing of it runs, nor ever will; that can take until the engine is back. */
  async endUnclaimed(): Promise<void> {
    const left = [...this.#protections.values()].filter(({ unclaimed }) => unclaimed);
    for (const protection of left) {
      protection.doomed = true;
      this.#tell({ op: "end", ids: [protection.id] });
    }
    await Promise.all(left.map(({ gone }) => gone));
  }

  /** Ends all targets and the guard. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    if (!this.#child) return this.#giveUp();
    const gone = this.#until("exit");
    this.#child.quit();
    const force = setTimeout(() => this.#child?.kill(), STOP_WITHIN_MS);
    await gone;
    clearTimeout(force);
  }

  /**
   * Whoever dies in between, somebody guards the targets: they are protected here, and noted on disk, before the
   * guards are ended that guarded them until now, and until then by the same end of the lease.
   */
  async #takeOver(): Promise<void> {
    if (this.#directory === undefined) return;
    const records = await guardRecords(this.#directory, this.#record);
    if (records.length === 0) return;
    this.renew(leaseEndOf(records));
    const targets = new Map(records.flatMap((record) => record.targets).map((target) => [keyOf(target), target]));
    const left = [...targets.values()].map((target) => this.#add(target, { left: true }));
    await Promise.all(left.map(({ known }) => known.catch(() => {})));
    if (left.length > 0) this.#logger.info({ containers: left.length, leaseLeftMs: this.leaseLeftMs() }, "guarding what an earlier start left");
    await Promise.all(records.map((record) => relieve(record, this.#logger)));
  }

  #spawn(): void {
    const events = {
      report: (report: GuardReport) => this.#hear(report),
      complaint: (line: string) => this.#logger.error({ line }, "the guard complains"),
      exit: () => this.#exited(),
    };
    this.#child = new GuardChild(events, this.#directory);
  }

  #hear(report: GuardReport): void {
    if ("up" in report) this.#cameUp(report.record);
    else if ("renewed" in report) this.#unanswered = 0;
    else if ("ack" in report) this.#byId.get(report.ack)?.acknowledge();
    else if ("refused" in report) this.#refused(report.refused, report.because);
    else if ("asked" in report) this.#byId.get(report.asked)?.answer(!report.guarded);
    else this.#ended(report.ended, report.reason, report.left);
  }

  #cameUp(record: string | undefined): void {
    const predecessor = this.#record;
    this.#record = record;
    this.#up = true;
    this.#unanswered = 0;
    this.#restartMs = RESTART_FIRST_MS;
    if (this.#leaseEndUptimeMs !== undefined) this.#tell({ op: "renew", endUptimeMs: this.#leaseEndUptimeMs });
    for (const protection of this.#protections.values()) this.#tellTarget(protection);
    // It obeys in order: by then it has noted all that the record of the one before held.
    if (predecessor !== undefined) this.#tell({ op: "forget", record: predecessor });
    this.#happened("up");
  }

  #refused(id: number, because: string | undefined): void {
    const protection = this.#byId.get(id);
    if (!protection) return;
    const error =
      because === undefined
        ? new LeaseEndedError("The node has no lease; start the attempt when it is renewed.")
        : new GuardRecordError(`The guard could not note the container on disk (${because}); see to the data directory.`);
    this.#forget(protection, true, error);
  }

  #ended(ids: readonly number[], reason: "lease" | "told", left: readonly number[]): void {
    const protections = ids.flatMap((id) => this.#byId.get(id) ?? []);
    const error = new LeaseEndedError("The guard has ended the target.");
    for (const protection of protections) this.#forget(protection, true, error);
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
    for (const protection of this.#protections.values()) this.#forget(protection, true, error);
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #add(target: GuardTarget, options: { readonly left: boolean }): Protection {
    const protection = new Protection(this.#nextId, target, options);
    this.#nextId += 1;
    this.#protections.set(keyOf(target), protection);
    this.#byId.set(protection.id, protection);
    this.#tellTarget(protection);
    return protection;
  }

  /** What ran before the guard died is kept in any case; what waits is asked for again. */
  #tellTarget({ id, target, acknowledged, doomed, questioned }: Protection): void {
    this.#tell({ op: acknowledged ? "keep" : "protect", id, ...target });
    if (doomed) this.#tell({ op: "end", ids: [id] });
    if (questioned) this.#tell({ op: "ask", id });
  }

  #forget(protection: Protection, ended: boolean, error: Error): void {
    const key = keyOf(protection.target);
    // The place may be another's by now.
    if (this.#protections.get(key) === protection) this.#protections.delete(key);
    this.#byId.delete(protection.id);
    protection.leave(ended, error);
  }

  #tell(order: Parameters<GuardChild["tell"]>[0]): void {
    if (this.#up) this.#child?.tell(order);
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
