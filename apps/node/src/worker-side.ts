/**
 * The half of a node that runs attempts: executors, guard, lease, worker, and what keeps it known to the cluster.
 */
import type { LeaderLink } from "@coxswain/api-grpc";
import { OutputBudget, systemClock } from "@coxswain/executor";
import type { AttemptRef } from "@coxswain/executor";
import { SUPPORTED_FEATURE_LEVEL } from "@coxswain/state-machine";
import type { JobStore, RegisterNode } from "@coxswain/state-machine";
import type { Logger } from "@coxswain/telemetry";
import { GuardProcess, Lease, LevelResultStore, OutputSpool, uptimeMs, Worker } from "@coxswain/worker";
import type { Closers } from "./closers.ts";
import type { NodeOptions } from "./config/options.ts";
import { openExecutors } from "./executors.ts";
import type { OfferedExecutors } from "./executors.ts";
import type { Foundation } from "./foundation.ts";
import { Presence } from "./presence.ts";
import { openResults } from "./result-database.ts";
import { after, now } from "./system-clock.ts";

/** How long a stopping node waits for its last results to be committed; what is not is reported after the next start. */
const REPORT_MS = 2_000;

export interface WorkerSideParts {
  readonly foundation: Foundation;
  readonly store: JobStore;
  readonly leader: LeaderLink;
  readonly address: string;
  readonly logger: Logger;
}

interface Crew {
  readonly worker: Worker;
  readonly presence: Presence;
  readonly guard: GuardProcess;
  readonly logger: Logger;
  readonly drainMs: number;
}

export class WorkerSide {
  readonly worker: Worker;
  readonly #parts: Crew;

  private constructor(parts: Crew) {
    this.worker = parts.worker;
    this.#parts = parts;
  }

  /** Takes up, or ends, what earlier starts left running; what is opened is in `closers`. */
  static async open(parts: WorkerSideParts, closers: Closers): Promise<WorkerSide> {
    const { foundation, store, leader, logger } = parts;
    const { options, directory, membership } = foundation;
    // First of all: from now on it guards what an earlier guard did, whatever becomes of this start.
    const guard = await GuardProcess.start({ logger, directory: directory.guard });
    closers.add("guard", () => guard.stop());
    const { nodeUuid } = membership.identity;
    const executors = await openExecutors({ options, stateDirectory: directory.processes, nodeUuid }, closers);
    const lease = new Lease({ uptimeMs, after });
    closers.add("lease", () => lease.close());
    const worker = await openWorker(parts, { executors, guard, lease }, closers);
    // Later than its lease nothing of an earlier start may go on.
    const adopted = guard.leaseLeftMs() > 0 ? await worker.adopt() : [];
    if (adopted.length > 0) logger.info({ attempts: adopted }, "taking up attempts of an earlier start");
    await executors.reap();
    sayWhatIsMissing(executors, logger);
    const presence = new Presence({
      registration: registration(parts, executors, adopted),
      nextIncarnation: () => membership.nextIncarnation(),
      nodeTtlMs: options.nodeTtl,
      ...{ leader, store, worker, lease, guard, uptimeMs, now, after, logger },
    });
    return new WorkerSide({ worker, presence, guard, logger, drainMs: options.drainTimeout });
  }

  /**
   * Resolves when this start is registered and work may come. What an earlier start left and is not adopted has ended
   * by then, though its engine be down: registering gives its attempts to others.
   */
  async start(): Promise<void> {
    const { guard, logger } = this.#parts;
    const left = guard.unclaimed.length;
    if (left > 0) logger.info({ containers: left }, "ending containers of an earlier start; this node registers when they have ended");
    await guard.endUnclaimed();
    await this.#parts.presence.start();
  }

  /** From now on leaders place nothing new here. Resolves when the present one knows, or after a second. */
  leave(): Promise<void> {
    return this.#parts.presence.leave();
  }

  /** Renews the lease at once; for when another node leads. */
  renewLease(): void {
    this.#parts.presence.renewNow();
  }

  /** Lets what runs finish within the drain time, and ends the rest. */
  async drain(): Promise<void> {
    try {
      await this.worker.stop({ drainMs: this.#parts.drainMs, reportMs: REPORT_MS });
    } finally {
      await this.#parts.presence.stop();
    }
  }
}

async function openWorker(
  { foundation, store, leader, logger }: WorkerSideParts,
  { executors, guard, lease }: { readonly executors: OfferedExecutors; readonly guard: GuardProcess; readonly lease: Lease },
  closers: Closers,
): Promise<Worker> {
  const { options, directory, membership } = foundation;
  const results = await openResults(directory.results);
  closers.add("results", () => results.close());
  const outputSpool = await openSpool(options, directory.spool, closers);
  return new Worker({
    nodeId: options.nodeId,
    incarnation: membership.identity.starts,
    store,
    executors: executors.offered,
    reports: leader,
    results: new LevelResultStore(results),
    lease,
    guard,
    clock: systemClock,
    outputTailBytes: options.outputTailBytes,
    outputBudget: new OutputBudget({ totalBytes: options.outputMemoryBytes }),
    ...(outputSpool === undefined ? {} : { outputSpool }),
    logger,
  });
}

function sayWhatIsMissing({ missing, limitations }: OfferedExecutors, logger: Logger): void {
  for (const [kind, reason] of missing) logger.warn({ kind, reason }, "this node does not offer an executor");
  for (const [kind, said] of limitations) logger.warn({ kind, limitations: said }, "this node offers an executor with limitations");
}

/** Undefined where it was turned off; what an earlier start kept then stays as it is. */
async function openSpool(options: NodeOptions, directory: string, closers: Closers): Promise<OutputSpool | undefined> {
  const { outputSpoolBytes: maxBytes, outputSpoolAge: maxAgeMs } = options;
  if (maxBytes === 0) return undefined;
  const spool = await OutputSpool.open({ directory, maxBytes, maxAgeMs, clock: systemClock });
  closers.add("output spool", () => spool.close());
  return spool;
}

function registration(parts: WorkerSideParts, executors: OfferedExecutors, adopted: readonly AttemptRef[]): RegisterNode {
  const { options, membership } = parts.foundation;
  return {
    nodeId: options.nodeId,
    uuid: membership.identity.nodeUuid,
    incarnation: membership.identity.starts,
    address: parts.address,
    executors: [...executors.offered.keys()],
    capacity: options.capacity,
    adopted: adopted.map(({ executionId, attempt }) => ({ executionId, attempt })),
    featureLevel: SUPPORTED_FEATURE_LEVEL,
    labels: {},
    missingExecutors: Object.fromEntries(executors.missing),
    executorLimitations: Object.fromEntries(executors.limitations),
    maxLeaseMs: options.nodeTtl,
  };
}
