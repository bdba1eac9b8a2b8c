/**
 * One node of a cluster: the place where rooms are put together.
 */
import {
  clusterServiceImplementation,
  GrpcPeers,
  internalServiceImplementation,
  jobWorkerServiceImplementation,
  LeaderLink,
  NodeClients,
  schedulerServiceImplementation,
} from "@coxswain/api-grpc";
import { answerForwarded, JobService } from "@coxswain/job-service";
import { ClusterServiceService, InternalServiceService, JobWorkerService, SchedulerServiceService } from "@coxswain/protocol";
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
import { localStream } from "./local-output.ts";
import { RaftProposer } from "./proposer.ts";
import { openState, stateArrived } from "./lost-state.ts";
import { followPeers } from "./peer-log.ts";
import { startRaft } from "./raft-engine.ts";
import { auditCalls } from "./security/call-audit.ts";
import { certificateRefused } from "./security/certificate-refused.ts";
import { LevelStateDirectory } from "./state-directory.ts";
import { Succession } from "./succession.ts";
import { after, now } from "./system-clock.ts";
import { WorkerSide } from "./worker-side.ts";

/** `stop` was called before the node was ready. */
export class StartCalledOffError extends Error {
  readonly code = "START_CALLED_OFF";
  readonly category = "unavailable";

  constructor() {
    super("The node was stopped before it was ready. Make a new one to start again.");
    this.name = "StartCalledOffError";
  }
}

/** The parts of a running node that its end needs. */
interface Crew {
  readonly raft: RaftNode<ApplyResult>;
  readonly jobService: JobService;
  readonly workerSide: WorkerSide;
}

/** The state is written behind the log, which has everything already; gathering for a moment leaves the disk to the log. */
const STATE_WRITE_PAUSE_MS = 20;

export class CoxswainNode {
  readonly #logger: Logger;
  readonly #closers: Closers;
  readonly #starting = new AbortController();
  readonly #onFatal: (error: Error) => void;
  #foundation: Foundation | undefined;
  #workerSide: WorkerSide | undefined;
  /** Settles when the node is put together, or could not be. */
  #opening: Promise<Crew> | undefined;
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

  /** Readers that follow the output of an attempt which runs here, or has just ended. */
  get outputReaders(): number {
    return this.#workerSide?.worker.readerCount ?? 0;
  }

  /**
   * Resolves when the node serves and is registered. Rejects, with everything closed, when it cannot; with
   * {@link StartCalledOffError} when `stop` was called meanwhile.
   */
  async start(options: NodeOptions): Promise<void> {
    this.#throwIfCalledOff();
    this.#opening = this.#open(options);
    try {
      const { workerSide } = await this.#opening;
      await workerSide.start();
    } catch (error) {
      // A stop that is under way closes by itself, once this start is out of its way.
      if (this.#stopping === undefined) await this.#closers.closeAll();
      throw error;
    }
    this.#throwIfCalledOff();
    this.#logger.info({}, "ready");
  }

  /** Hands leadership over, lets what runs finish within the drain time, closes everything. May be called twice, and during the start. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Reads the certificates again; where they changed, connections to other nodes are made anew with them. */
  reloadCertificates(): void {
    try {
      if (this.#foundation?.credentials.reload() === false) this.#logger.info({}, "the certificates have not changed");
    } catch (error) {
      this.#foundation?.security.record("certificate.refused", certificateRefused(error));
    }
  }

  async #open(options: NodeOptions): Promise<Crew> {
    const foundation = await Foundation.open(options, this.#logger, this.#closers);
    this.#foundation = foundation;
    this.#logger.info({ address: this.address, tls: foundation.credentials.secure }, "listening");
    const identity = await foundation.join(this.#starting.signal);
    this.#logger.info({ clusterId: identity.clusterId, start: identity.starts }, "belongs to a cluster");
    const strangers = foundation.membership.strangersTo(identity);
    if (strangers.length > 0)
      this.#logger.warn({ strangers, members: identity.members.map(({ id }) => id) }, "--peers names nodes that are no members of the cluster; they are ignored");
    this.#throwIfCalledOff();
    return await this.#assemble(foundation, identity);
  }

  async #stop(): Promise<void> {
    this.#starting.abort(new StartCalledOffError());
    try {
      // What is being opened is let be opened, so that it can be closed.
      const crew = await this.#opening?.catch(() => undefined);
      if (crew !== undefined) await this.#retire(crew);
    } finally {
      await this.#closers.closeAll();
    }
    this.#logger.info({}, "stopped");
  }

  /** Leaves the cluster's work to the others while what runs here finishes. */
  async #retire({ raft, jobService, workerSide }: Crew): Promise<void> {
    await workerSide.leave();
    jobService.stopAccepting();
    const succession = new Succession({ raft, after, logger: this.#logger });
    await succession.handOver();
    try {
      await workerSide.drain();
    } finally {
      succession.close();
    }
  }

  #throwIfCalledOff(): void {
    if (this.#starting.signal.aborted) throw new StartCalledOffError();
  }

  async #assemble(foundation: Foundation, identity: FoundedIdentity): Promise<Crew> {
    const closers = this.#closers;
    const { options, credentials } = foundation;
    const store = await this.#openStore(foundation.directory.state);
    closers.add("state", () => store.close());
    store.on("failed", ({ error }) => this.#onFatal(error));
    const transport = new GrpcTransport({
      self: { id: options.nodeId, uuid: identity.nodeUuid, clusterId: identity.clusterId },
      members: foundation.membership.membersOf(identity),
      credentials: credentials.channel,
      onEvent: followPeers(this.#logger),
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
      onNewLeader: () => this.#workerSide?.renewLease(),
      onFatal: this.#onFatal,
    });
    const raft = await startRaft({ options, identity, storage: foundation.storage, store, transport, onEvent });
    closers.add("raft", () => raft.stop());
    foundation.transport = transport;
    await stateArrived({
      onRestored: (listener) => store.on("restored", listener),
      isLost: () => raft.status().needsSnapshot,
      signal: this.#starting.signal,
    });
    return await this.#serve({ foundation, identity, store, raft, proposer, scheduler });
  }

  #openStore(path: string): Promise<JobStore> {
    const open = async (): Promise<JobStore> =>
      JobStore.open({
        directory: await LevelStateDirectory.open(path),
        pauseBeforeWrite: () => new Promise((resolve) => void after(STATE_WRITE_PAUSE_MS, resolve)),
        onListenerError: (error) => this.#logger.error({ err: error }, "a listener of the store failed"),
      });
    return openState({ path, open, now, logger: this.#logger });
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
    const members = foundation.membership.membersOf(identity);
    const addressOf = (id: number): string | undefined =>
      store.node(id)?.address ?? members.find((member) => member.id === id)?.address;
    const clients = new NodeClients({ addressOf, credentials: credentials.channel });
    this.#closers.add("clients", () => clients.close());
    const stopRenewing = credentials.onReload(() => {
      clients.renew();
      foundation.transport?.renew();
    });
    this.#closers.add("renewal of connections", stopRenewing);
    const duties = new LeaderDuties(raft, parts.proposer, scheduler);
    const leader = new LeaderLink({ nodeId: options.nodeId, leader: () => raft.status().leader, local: duties, clients });
    this.#closers.add("leader link", () => leader.close());
    const workerSide = await WorkerSide.open(
      { foundation, store, leader, address: options.advertiseAddr ?? server.address, logger },
      this.#closers,
    );
    this.#workerSide = workerSide;
    const localOutput = (executionId: string, attempt: number, tailBytes: number): Uint8Array | undefined =>
      workerSide.worker.outputTail(executionId, attempt, tailBytes);
    const streamOutput = localStream(workerSide.worker);
    const jobService = new JobService({
      nodeId: options.nodeId,
      ...{ raft, store, scheduler, localOutput, localStream: streamOutput, logger },
      peers: new GrpcPeers({ nodeId: options.nodeId, clients }),
      clock: { now, after },
      newId: () => uuidv7(),
      clusterId: identity.clusterId,
      memberAddress: addressOf,
      policy: { maxAttempts: options.maxExecutionAttempts, timeoutMs: options.jobExecutionTimeout },
      dockerTimeoutMs: options.dockerJobTimeout,
      defaultImage: options.image,
      limits: { maxCommandBytes: options.maxCommandLength },
      settings: { commitWaitMs: options.commitTimeout },
    });
    this.#closers.add("job service", () => jobService.close());
    const handling: HandlerOptions = {
      leader: () => addressOf(raft.status().leader),
      onError: (error, path) => logger.debug({ err: error, path }, "call refused"),
      onAnswer: auditCalls(foundation.security),
      maxMetadataBytes: options.maxMetadataBytes,
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
      definition: JobWorkerService,
      implementation: { ...jobWorkerServiceImplementation(jobService, publicHandling) },
    });
    server.serve({
      definition: InternalServiceService,
      implementation: {
        ...internalServiceImplementation(
          {
            forward: (caller, method, request, callOptions) => answerForwarded(jobService, caller, method, request, callOptions),
            output: localOutput,
            streamOutput,
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
