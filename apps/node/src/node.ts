/**
 * One node of a cluster: the place where rooms are put together.
 */
import {
  clusterServiceImplementation,
  GrpcPeers,
  internalServiceImplementation,
  LeaderLink,
  NodeClients,
  schedulerServiceImplementation,
} from "@coxswain/api-grpc";
import { answerForwarded, JobService } from "@coxswain/job-service";
import { ClusterServiceService, InternalServiceService, SchedulerServiceService } from "@coxswain/protocol";
import type { FoundedIdentity, RaftNode } from "@coxswain/raft-core";
import { GrpcTransport } from "@coxswain/raft-grpc";
import { localAdmin, localNode } from "@coxswain/rpc";
import type { HandlerOptions } from "@coxswain/rpc";
import { Scheduler } from "@coxswain/scheduler";
import { JobStore } from "@coxswain/state-machine";
import type { ApplyResult } from "@coxswain/state-machine";
import type { Logger } from "@coxswain/telemetry";
import { uptimeMs } from "@coxswain/worker";
import { v7 as uuidv7 } from "uuid";
import { Closers } from "./closers.ts";
import type { NodeOptions } from "./config/options.ts";
import { Foundation } from "./foundation.ts";
import { LeaderDuties } from "./leader-duties.ts";
import { followLeadership } from "./leadership.ts";
import { RaftProposer } from "./proposer.ts";
import { startRaft } from "./raft-engine.ts";
import { LevelStateDirectory } from "./state-directory.ts";
import { after, now } from "./system-clock.ts";
import { WorkerSide } from "./worker-side.ts";

/** The parts of a running node that its end needs. */
interface Crew {
  readonly raft: RaftNode<ApplyResult>;
  readonly jobService: JobService;
  readonly workerSide: WorkerSide;
}

export class CoxswainNode {
  readonly #logger: Logger;
  readonly #closers: Closers;
  readonly #starting = new AbortController();
  readonly #onFatal: (error: Error) => void;
  #foundation: Foundation | undefined;
  #crew: Crew | undefined;
  #stopping: Promise<void> | undefined;

  /** `onFatal` is called when the node can do nothing more that is safe: end the process (G19). */
  constructor(logger: Logger, onFatal: (error: Error) => void) {
    this.#logger = logger;
    this.#onFatal = onFatal;
    this.#closers = new Closers((error, what) => logger.error({ err: error, what }, "could not be closed"));
  }

  /** `host:port` as bound; empty before. */
  get address(): string {
    return this.#foundation?.server.address ?? "";
  }

  /** Resolves when the node serves and is registered. Rejects, with everything closed, when it cannot. */
  async start(options: NodeOptions): Promise<void> {
    try {
      const foundation = await Foundation.open(options, this.#logger, this.#closers);
      this.#foundation = foundation;
      this.#logger.info({ address: this.address, tls: foundation.credentials.secure }, "listening");
      const identity = await foundation.join(this.#starting.signal);
      this.#logger.info({ clusterId: identity.clusterId, start: identity.starts }, "belongs to a cluster");
      this.#crew = await this.#assemble(foundation, identity);
      await this.#crew.workerSide.start();
      if (!this.#starting.signal.aborted) this.#logger.info({}, "ready");
    } catch (error) {
      if (this.#stopping === undefined) await this.#closers.closeAll();
      throw error;
    }
  }

  /** Hands leadership over, lets what runs finish within the drain time, closes everything. May be called twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Reads the certificates again. */
  reloadCertificates(): void {
    try {
      if (this.#foundation?.credentials.reload() === true) this.#logger.info({}, "certificates reloaded");
    } catch (error) {
      this.#logger.error({ err: error }, "certificates were not reloaded; the old ones stay");
    }
  }

  async #stop(): Promise<void> {
    this.#starting.abort(new Error("The node is stopping."));
    const crew = this.#crew;
    if (crew !== undefined) {
      crew.workerSide.leave();
      crew.jobService.stopAccepting();
      await this.#handOver(crew.raft);
      await crew.workerSide.drain();
    }
    await this.#closers.closeAll();
    this.#logger.info({}, "stopped");
  }

  async #handOver(raft: RaftNode<ApplyResult>): Promise<void> {
    const { role, configuration } = raft.status();
    if (role !== "leader" || configuration.voters.length === 1) return;
    try {
      const leader = await raft.transferLeadership();
      this.#logger.info({ leader }, "handed leadership over");
    } catch (error) {
      this.#logger.warn({ err: error }, "leadership was not handed over; the others will elect");
    }
  }

  async #assemble(foundation: Foundation, identity: FoundedIdentity): Promise<Crew> {
    const closers = this.#closers;
    const { options, credentials } = foundation;
    const store = await JobStore.open({
      directory: await LevelStateDirectory.open(foundation.directory.state),
      onListenerError: (error) => this.#logger.error({ err: error }, "a listener of the store failed"),
    });
    closers.add("state", () => store.close());
    store.on("failed", ({ error }) => this.#onFatal(error));
    const transport = new GrpcTransport({
      self: { id: options.nodeId, uuid: identity.nodeUuid, clusterId: identity.clusterId },
      members: identity.members,
      credentials: credentials.channel,
    });
    closers.add("transport", () => transport.close());

    // The scheduler proposes through Raft, and Raft's events start the scheduler.
    const proposer = new RaftProposer((...args) => raft.propose(...args), now);
    const scheduler = new Scheduler({
      store,
      proposer,
      clock: { now, monotonicMs: uptimeMs, after },
      settings: { slotGapMs: options.slotGap, nodeTtlMs: options.nodeTtl },
      logger: this.#logger,
    });
    const onEvent = followLeadership({
      ...{ options, store, proposer, scheduler, logger: this.#logger },
      onFatal: this.#onFatal,
    });
    const raft = await startRaft({ options, identity, storage: foundation.storage, store, transport, onEvent });
    closers.add("raft", () => raft.stop());
    foundation.transport = transport;
    return await this.#serve({ foundation, identity, store, raft, proposer, scheduler });
  }

  async #serve(parts: {
    readonly foundation: Foundation;
    readonly identity: FoundedIdentity;
    readonly store: JobStore;
    readonly raft: RaftNode<ApplyResult>;
    readonly proposer: RaftProposer;
    readonly scheduler: Scheduler;
  }): Promise<Crew> {
    const { foundation, identity, store, raft, scheduler } = parts;
    const { options, credentials, server } = foundation;
    const logger = this.#logger;
    const addressOf = (id: number): string | undefined =>
      store.node(id)?.address ?? identity.members.find((member) => member.id === id)?.address;
    const clients = new NodeClients({ addressOf, credentials: credentials.channel });
    this.#closers.add("clients", () => clients.close());
    const duties = new LeaderDuties(raft, parts.proposer, scheduler);
    const leader = new LeaderLink({ nodeId: options.nodeId, leader: () => raft.status().leader, local: duties, clients });
    this.#closers.add("leader link", () => leader.close());
    const workerSide = await WorkerSide.open(
      { foundation, store, leader, address: options.advertiseAddr ?? server.address, logger },
      this.#closers,
    );
    const localOutput = (executionId: string, attempt: number, tailBytes: number): Uint8Array | undefined =>
      workerSide.worker.output(executionId, attempt)?.tail(tailBytes);
    const jobService = new JobService({
      nodeId: options.nodeId,
      ...{ raft, store, scheduler, localOutput, logger },
      peers: new GrpcPeers({ nodeId: options.nodeId, clients }),
      clock: { now, after },
      newId: () => uuidv7(),
      clusterId: identity.clusterId,
      memberAddress: addressOf,
      policy: { maxAttempts: options.maxExecutionAttempts, timeoutMs: options.jobExecutionTimeout },
      limits: { maxCommandBytes: options.maxCommandLength },
      settings: { commitWaitMs: options.commitTimeout },
    });
    const handling: HandlerOptions = {
      leader: () => addressOf(raft.status().leader),
      onError: (error, path) => logger.debug({ err: error, path }, "call refused"),
    };
    const insecure = !credentials.secure;
    const publicHandling = insecure ? { ...handling, insecurePeer: localAdmin } : handling;
    server.serve({
      definition: SchedulerServiceService,
      implementation: { ...schedulerServiceImplementation(jobService, publicHandling) },
    });
    server.serve({
      definition: ClusterServiceService,
      implementation: { ...clusterServiceImplementation(jobService, publicHandling) },
    });
    server.serve({
      definition: InternalServiceService,
      implementation: {
        ...internalServiceImplementation(
          {
            forward: (caller, method, request, callOptions) => answerForwarded(jobService, caller, method, request, callOptions),
            output: localOutput,
            heartbeat: (request) => duties.heartbeat(request),
            registerNode: (registration) => duties.registerNode(registration),
            reportAttempts: (items) => duties.reportAttempts(items),
          },
          insecure ? { ...handling, insecurePeer: localNode } : handling,
        ),
      },
    });
    return { raft, jobService, workerSide };
  }
}
