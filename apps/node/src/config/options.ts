/**
 * Every option of a node, once: its flag, its environment variables, its default and its meaning.
 * Parsing, `--help` and docs/reference/configuration.md all come from this table.
 */
import { z } from "zod";
import { EXECUTOR_OPTIONS } from "./executor-options.ts";
import type { ExecutorOptions } from "./executor-options.ts";
import { option, optional } from "./option.ts";
import type { OptionTable } from "./option.ts";
import { address, durationMs, flag, integer, nodeId, peers, sizeBytes, within } from "./values.ts";
import type { Peer } from "./values.ts";

/** What a node can be told. */
export interface NodeOptions extends ExecutorOptions {
  readonly nodeId: number;
  readonly listen: string | undefined;
  readonly port: number | undefined;
  readonly advertiseAddr: string | undefined;
  readonly peers: Peer[];
  readonly dataDir: string;
  readonly tls: boolean | undefined;
  readonly caCert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly certReloadInterval: number;
  readonly insecure: boolean;
  readonly maxConnectionAge: number;
  readonly maxConnectionAgeGrace: number;
  readonly handshakeTimeout: number;
  readonly maxHandshakes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  readonly maxStreams: number;
  readonly maxMessageBytes: number;
  readonly maxMetadataBytes: number;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  readonly logFormat: "auto" | "json" | "pretty";
  readonly slotGap: number;
  readonly nodeTtl: number;
  readonly electionTimeoutMin: number;
  readonly electionTimeoutMax: number;
  readonly heartbeatInterval: number;
  readonly commitTimeout: number;
  readonly maxExecutionAttempts: number;
  readonly jobExecutionTimeout: number;
  readonly drainTimeout: number;
  readonly capacity: number;
  readonly maxCommandLength: number;
  readonly maxActiveJobs: number;
  readonly maxActiveJobBytes: number;
  readonly maxProposals: number;
  readonly logMaxBytes: number;
  readonly outputTailBytes: number;
  readonly outputBufferBytes: number;
  readonly outputMemoryBytes: number;
  readonly outputSpoolBytes: number;
  readonly outputSpoolAge: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 ** 2;

const LOG_LEVELS = z.preprocess(
  (value) => (typeof value === "string" ? value.toLowerCase() : value),
  z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
);

/** In the order in which help and docs show them. */
export const OPTIONS: OptionTable<NodeOptions> = {
  nodeId: option("--node-id", ["COX_NODE_ID", "NODE_ID"], nodeId, "1", "id", "This node's id in the cluster."),
  listen: option(
    "--listen", ["COX_LISTEN"], optional(address), "127.0.0.1:50051", "host:port",
    "Where clients and peers connect. Any address but loopback needs TLS or --insecure.",
  ),
  port: option(
    "--port", ["COX_PORT", "RAFT_PORT"], optional(integer(0, 65_535)), undefined, "port",
    "Port of --listen, kept from the origin's flags. 0 takes a free one.",
  ),
  advertiseAddr: option(
    "--advertise-addr", ["COX_ADVERTISE_ADDR"], optional(address), undefined, "host:port",
    "How others reach this node. Without it, the address of --listen.",
  ),
  peers: option(
    "--peers", ["COX_PEERS"], peers, "", "id:host:port,...",
    "The other founding members. A cluster is founded once all of them have been seen; without peers a node founds alone.",
  ),
  dataDir: option("--data-dir", ["COX_DATA_DIR", "DATA_DIR"], z.string().min(1), "./data", "path", "Where this node keeps its log and state."),
  tls: option(
    "--tls", ["COX_TLS"], optional(flag), undefined, "",
    "Use mutual TLS; on by itself when certificates are given.",
  ),
  caCert: option("--ca-cert", ["COX_CA_CERT"], optional(z.string()), undefined, "path", "CA certificate (PEM) that signs every node and client."),
  cert: option("--cert", ["COX_CERT"], optional(z.string()), undefined, "path", "This node's certificate (PEM), of kind node."),
  key: option("--key", ["COX_KEY"], optional(z.string()), undefined, "path", "Private key of --cert (PEM)."),
  certReloadInterval: option(
    "--cert-reload-interval", ["COX_CERT_RELOAD_INTERVAL"], within(durationMs, 0, DAY_MS, "0 and 24h"), "1m", "duration",
    "How often the certificate files are looked at; SIGHUP does so at once. 0 leaves it to SIGHUP.",
  ),
  insecure: option(
    "--insecure", ["COX_INSECURE", "COX_ALLOW_INSECURE"], flag, false, "",
    "Serve without TLS beyond loopback: everyone who can connect is admin. Also --allow-insecure.",
  ),
  maxConnectionAge: option(
    "--max-connection-age", ["COX_MAX_CONNECTION_AGE"], within(durationMs, 100, 30 * DAY_MS, "100ms and 30d"), "1h", "duration",
    "A client's connection older than this is asked to end, so that it shows its certificate anew. Those of nodes stand until their certificate expires or its CA is gone.",
  ),
  maxConnectionAgeGrace: option(
    "--max-connection-age-grace", ["COX_MAX_CONNECTION_AGE_GRACE"], within(durationMs, 1, DAY_MS, "1ms and 24h"), "1m", "duration",
    "How long calls on such a connection may go on before they are cut.",
  ),
  handshakeTimeout: option("--handshake-timeout", ["COX_HANDSHAKE_TIMEOUT"], within(durationMs, 10, HOUR_MS, "10ms and 1h"), "10s", "duration", "How long a connection may take for its TLS handshake."),
  maxHandshakes: option(
    "--max-handshakes", ["COX_MAX_HANDSHAKES"], integer(1, 100_000), "256", "n",
    "TLS handshakes under way at a time; one more ends the one that has been silent for longest.",
  ),
  maxConnections: option(
    "--max-connections", ["COX_MAX_CONNECTIONS"], integer(1, 1_000_000), "1000", "n",
    "Connections of clients at a time. Those of nodes and admins do not count; without TLS all do.",
  ),
  maxConnectionsPerClient: option("--max-connections-per-client", ["COX_MAX_CONNECTIONS_PER_CLIENT"], integer(1, 1_000_000), "100", "n", "Connections at a time with certificates of one client or admin."),
  maxStreams: option("--max-streams", ["COX_MAX_STREAMS"], integer(1, 100_000), "256", "n", "Calls at a time on one connection of a client."),
  maxMessageBytes: option("--max-message-bytes", ["COX_MAX_MESSAGE_BYTES"], within(sizeBytes, 65_536, 16 * MIB, "64KB and 16MB"), "4MB", "size", "Largest request of a client, and largest answer to it; 16MB without TLS."),
  maxMetadataBytes: option("--max-metadata-bytes", ["COX_MAX_METADATA_BYTES"], within(sizeBytes, 1_024, MIB, "1KB and 1MB"), "16KB", "size", "Largest metadata of a call, names and values together."),
  logLevel: option("--log-level", ["COX_LOG_LEVEL", "LOG_LEVEL"], LOG_LEVELS, "info", "level", "trace, debug, info, warn, error, fatal or silent."),
  logFormat: option(
    "--log-format", ["COX_LOG_FORMAT"], z.enum(["auto", "json", "pretty"]), "auto", "format",
    "json, pretty, or auto: pretty on a terminal.",
  ),
  slotGap: option("--slot-gap", ["COX_SLOT_GAP", "SLOT_GAP"], within(durationMs, 100, HOUR_MS, "100ms and 1h"), "10s", "duration", "The window in which the scheduler reads the time index ahead."),
  nodeTtl: option(
    "--node-ttl", ["COX_NODE_TTL"], within(durationMs, 500, HOUR_MS, "500ms and 1h"), "5s", "duration",
    "How long a node may run attempts without hearing from a leader. Best the same on all nodes; leaders wait out the longest.",
  ),
  electionTimeoutMin: option("--election-timeout-min", ["COX_ELECTION_TIMEOUT_MIN"], durationMs, "150ms", "duration", "Shortest wait for a leader before an election. Raise it on slow disks or networks."),
  electionTimeoutMax: option("--election-timeout-max", ["COX_ELECTION_TIMEOUT_MAX"], durationMs, "300ms", "duration", "Longest wait for a leader before an election."),
  heartbeatInterval: option("--heartbeat-interval", ["COX_HEARTBEAT_INTERVAL"], within(durationMs, 1, HOUR_MS, "1ms and 1h"), "50ms", "duration", "Time between a leader's heartbeats."),
  commitTimeout: option("--commit-timeout", ["COX_COMMIT_TIMEOUT"], within(durationMs, 1, HOUR_MS, "1ms and 1h"), "5s", "duration", "How long a request waits for its commit before its outcome is called unknown."),
  maxExecutionAttempts: option(
    "--max-execution-attempts", ["COX_MAX_EXECUTION_ATTEMPTS", "MAX_EXECUTION_ATTEMPTS"], integer(1, 100), "3", "n",
    "Default of a job's max_attempts: how often an execution is tried in all.",
  ),
  jobExecutionTimeout: option("--job-execution-timeout", ["COX_JOB_EXECUTION_TIMEOUT", "JOB_EXECUTION_TIMEOUT"], durationMs, "5m", "duration", "Default limit of one attempt, but of docker jobs."),
  drainTimeout: option("--drain-timeout", ["COX_DRAIN_TIMEOUT"], durationMs, "30s", "duration", "How long SIGTERM lets running attempts finish."),
  capacity: option("--capacity", ["COX_CAPACITY"], integer(0, 100_000), "64", "n", "Attempts this node runs at a time. 0 runs none."),
  ...EXECUTOR_OPTIONS,
  maxCommandLength: option("--max-command-length", ["COX_MAX_COMMAND_LENGTH"], sizeBytes, "8KB", "size", "Longest command line of a job."),
  maxActiveJobs: option(
    "--max-active-jobs", ["COX_MAX_ACTIVE_JOBS", "QUEUE_JOB_LIMIT"], integer(1, 2 ** 48), "100000", "n",
    "Jobs that are not finished, in the whole cluster. Set when the cluster is founded.",
  ),
  maxActiveJobBytes: option(
    "--max-active-job-bytes", ["COX_MAX_ACTIVE_JOB_BYTES", "QUEUE_MEMORY_LIMIT"], sizeBytes, "2GB", "size",
    "Bytes of jobs that are not finished. Set when the cluster is founded.",
  ),
  maxProposals: option("--max-proposals", ["COX_MAX_PROPOSALS"], integer(1, 1_000_000), "4096", "n", "Requests that may wait for their commit at a time."),
  logMaxBytes: option("--log-max-bytes", ["COX_LOG_MAX_BYTES"], within(sizeBytes, MIB, 2 ** 40, "1MB and 1024GB"), "64MB", "size", "Replicated log kept in memory before it is compacted."),
  outputTailBytes: option("--output-tail-bytes", ["COX_OUTPUT_TAIL_BYTES"], within(sizeBytes, 0, MIB / 4, "0 and 256KB: it travels in the replicated log"), "2KB", "size", "End of the output that is replicated with the result. 0 turns it off."),
  outputBufferBytes: option("--output-buffer-bytes", ["COX_OUTPUT_BUFFER_BYTES"], sizeBytes, "1MB", "size", "Output kept for each attempt on the node that runs it."),
  outputMemoryBytes: option("--output-memory-bytes", ["COX_OUTPUT_MEMORY_BYTES"], within(sizeBytes, MIB, 2 ** 40, "1MB and 1024GB"), "128MB", "size", "Output of all attempts together that this node keeps in memory. When it is used up, the attempt with the most gives up its oldest."),
  outputSpoolBytes: option(
    "--output-spool-bytes", ["COX_OUTPUT_SPOOL_BYTES"], within(sizeBytes, 0, 2 ** 40, "0 and 1024GB"), "256MB", "size",
    "Output of finished attempts kept on disk, so that it can still be read; the oldest goes first. 0 keeps the last few in memory instead.",
  ),
  outputSpoolAge: option("--output-spool-age", ["COX_OUTPUT_SPOOL_AGE"], durationMs, "7d", "duration", "How long the output of a finished attempt is kept on disk at most."),
};
