/**
 * What a node stands on before it belongs to a cluster: its directory, identity, log and open port.
 */
import { ClusterServiceService, InternalServiceService, JobWorkerService, SchedulerServiceService } from "@coxswain/protocol";
import { describeIdentity, isFounded } from "@coxswain/raft-core";
import type { FoundedIdentity } from "@coxswain/raft-core";
import { identifyPeer, raftService } from "@coxswain/raft-grpc";
import type { GrpcTransport } from "@coxswain/raft-grpc";
import { FileIdentityStore, LevelLogStorage } from "@coxswain/raft-level";
import { localNode } from "@coxswain/rpc";
import type { Logger } from "@coxswain/telemetry";
import { uptimeMs } from "@coxswain/worker";
import type { Closers } from "./closers.ts";
import { listenAddress } from "./config/load-config.ts";
import type { NodeOptions } from "./config/options.ts";
import { SeldomLog } from "./seldom-log.ts";
import { auditCalls } from "./security/call-audit.ts";
import { certificateRefused } from "./security/certificate-refused.ts";
import { auditConnections } from "./security/connection-audit.ts";
import { SecurityLog } from "./security/security-log.ts";
import { after } from "./system-clock.ts";
import { openDataDirectory } from "./data-directory.ts";
import type { DataDirectory } from "./data-directory.ts";
import { GrpcServer } from "./grpc-server.ts";
import { Membership } from "./membership.ts";
import { loadCredentials } from "./tls.ts";
import type { Credentials } from "./tls.ts";

/** How long another member may take to say who it is. */
const IDENTIFY_TIMEOUT_MS = 1_000;

export class Foundation {
  readonly options: NodeOptions;
  readonly directory: DataDirectory;
  readonly credentials: Credentials;
  readonly security: SecurityLog;
  readonly storage: LevelLogStorage;
  readonly membership: Membership;
  readonly server: GrpcServer;
  /** Set once the node belongs to a cluster; until then messages of Raft are refused. */
  transport: GrpcTransport | undefined;

  private constructor(parts: Pick<Foundation, "options" | "directory" | "credentials" | "security" | "storage" | "membership" | "server">) {
    this.options = parts.options;
    this.directory = parts.directory;
    this.credentials = parts.credentials;
    this.security = parts.security;
    this.storage = parts.storage;
    this.membership = parts.membership;
    this.server = parts.server;
  }

  /** Opens everything and listens. What was opened is in `closers`, also when this rejects. */
  static async open(options: NodeOptions, logger: Logger, closers: Closers): Promise<Foundation> {
    const directory = await openDataDirectory(options.dataDir);
    const security = new SecurityLog({ logger, after });
    closers.add("security log", () => security.close());
    const credentials = loadCredentials(options, (error) => security.record("certificate.refused", certificateRefused(error)));
    closers.add("credentials", credentials.close);
    credentials.onReload(() => {
      const certificate = credentials.describe();
      if (certificate !== undefined) security.record("certificate.reloaded", certificate);
    });
    const address = options.advertiseAddr ?? listenAddress(options);
    if (options.peers.length > 0 && !credentials.namesHost(address))
      logger.warn({ address }, "the certificate does not name the host that other nodes dial; issue one with `cox cert issue node NAME --host HOST`");
    const identities = new FileIdentityStore(directory.root);
    const saved = await identities.load();
    // First of all: the log's lock keeps a second process from counting a start on this identity. And a node that
    // belonged to a cluster has had a log; without it, it would vote again on what it voted on (G1).
    const storage = await LevelLogStorage.open(directory.raft, {
      mustExist: saved !== undefined && isFounded(saved),
      mustBeNew: saved === undefined,
      onTruncated: (batch) => logger.warn({ ...batch }, "the last write to the log was torn and has been taken away"),
    });
    closers.add("log", () => storage.close());
    const waiting = new SeldomLog(logger, uptimeMs);
    const membership = await Membership.open({
      self: { id: options.nodeId, address },
      peers: options.peers,
      store: identities,
      identify: (peer, own) => {
        const asker = { nodeId: options.nodeId, nodeUuid: own.nodeUuid };
        return identifyPeer(peer.address, credentials.channel(), asker, { timeoutMs: IDENTIFY_TIMEOUT_MS });
      },
      onWaiting: (unanswered) =>
        waiting.info({ unanswered }, `waiting for ${unanswered.length === 0 ? "the founder of the cluster" : `founding member ${unanswered.map(({ id }) => id).join(", ")}`}`),
    });
    const server = new GrpcServer({
      limits: options,
      material: credentials.material,
      waitingFor: () => waitingFor(membership),
      onEvent: auditConnections(security),
    });
    closers.add("server", () => server.close());
    const foundation = new Foundation({ options, directory, credentials, security, storage, membership, server });
    foundation.#serveRaft(logger);
    server.serveStarting([SchedulerServiceService, JobWorkerService, ClusterServiceService, InternalServiceService]);
    await server.listen(listenAddress(options));
    return foundation;
  }

  /** Resolves once the node belongs to a cluster; rejects when it may not, with the way back. */
  join(signal: AbortSignal): Promise<FoundedIdentity> {
    return this.membership.join(signal);
  }

  #serveRaft(logger: Logger): void {
    const { credentials, membership, options } = this;
    const { definition, implementation } = raftService({
      identity: () => describeIdentity(membership.identity, { id: options.nodeId, configured: membership.configured }),
      transport: () => this.transport,
      ...(credentials.secure ? {} : { insecurePeer: localNode }),
      onError: (error, path) => logger.debug({ err: error, path }, "call refused"),
      onAnswer: auditCalls(this.security),
    });
    this.server.serve({ definition, implementation: { ...implementation } });
  }
}

function waitingFor(membership: Membership): string {
  return membership.founded ? "it opens its state" : `it waits for the founding members ${membership.configured.join(", ")}`;
}
