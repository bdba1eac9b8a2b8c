/**
 * The half of a node that runs attempts: executors, guard, lease, worker, and what keeps it known to the cluster.
 */
import type { LeaderLink } from "@coxswain/api-grpc";
import { systemClock } from "@coxswain/executor";
import { SUPPORTED_FEATURE_LEVEL } from "@coxswain/state-machine";
import type { JobStore, RegisterNode } from "@coxswain/state-machine";
import type { Logger } from "@coxswain/telemetry";
import { GuardProcess, Lease, LevelResultStore, uptimeMs, Worker } from "@coxswain/worker";
import type { Closers } from "./closers.ts";
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

export class WorkerSide {
  readonly worker: Worker;
  readonly #presence: Presence;
  readonly #drainMs: number;

  private constructor(worker: Worker, presence: Presence, drainMs: number) {
    this.worker = worker;
    this.#presence = presence;
    this.#drainMs = drainMs;
  }

  /** Ends what earlier starts left running; what is opened is in `closers`. */
  static async open(parts: WorkerSideParts, closers: Closers): Promise<WorkerSide> {
    const { foundation, store, leader, logger } = parts;
    const { options, directory, membership } = foundation;
    const { nodeUuid } = membership.identity;
    const executors = await openExecutors({ options, stateDirectory: directory.processes, nodeUuid }, closers);
    for (const [kind, reason] of executors.missing) logger.warn({ kind, reason }, "this node does not offer an executor");
    for (const [kind, limitations] of executors.limitations)
      logger.warn({ kind, limitations }, "this node offers an executor with limitations");
    const guard = await GuardProcess.start({ logger });
    closers.add("guard", () => guard.stop());
    const results = await openResults(directory.results);
    closers.add("results", () => results.close());
    const lease = new Lease({ uptimeMs, after });
    closers.add("lease", () => lease.close());
    const worker = new Worker({
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
      logger,
    });
    const presence = new Presence({
      registration: registration(parts, executors),
      nextIncarnation: () => membership.nextIncarnation(),
      nodeTtlMs: options.nodeTtl,
      ...{ leader, store, worker, lease, guard, uptimeMs, now, after, logger },
    });
    return new WorkerSide(worker, presence, options.drainTimeout);
  }

  /** Resolves when this start is registered and work may come. */
  start(): Promise<void> {
    return this.#presence.start();
  }

  /** From now on leaders place nothing new here. Resolves when the present one knows, or after a second. */
  leave(): Promise<void> {
    return this.#presence.leave();
  }

  /** Renews the lease at once; for when another node leads. */
  renewLease(): void {
    this.#presence.renewNow();
  }

  /** Lets what runs finish within the drain time, and ends the rest. */
  async drain(): Promise<void> {
    try {
      await this.worker.stop({ drainMs: this.#drainMs, reportMs: REPORT_MS });
    } finally {
      await this.#presence.stop();
    }
  }
}

function registration(parts: WorkerSideParts, executors: OfferedExecutors): RegisterNode {
  const { options, membership } = parts.foundation;
  return {
    nodeId: options.nodeId,
    uuid: membership.identity.nodeUuid,
    incarnation: membership.identity.starts,
    address: parts.address,
    executors: [...executors.offered.keys()],
    capacity: options.capacity,
    adopted: [],
    featureLevel: SUPPORTED_FEATURE_LEVEL,
    labels: {},
    missingExecutors: Object.fromEntries(executors.missing),
    executorLimitations: Object.fromEntries(executors.limitations),
    maxLeaseMs: options.nodeTtl,
  };
}
