/**
 * From the options of a node to its executors.
 */
import { readFileSync } from "node:fs";
import type { Executor } from "@coxswain/executor";
import { DockerExecutor } from "@coxswain/executor-docker";
import { ProcessExecutor } from "@coxswain/executor-process";
import { WebhookExecutor } from "@coxswain/executor-webhook";
import { ConfigError } from "./config/errors.ts";
import type { ExecutorKind } from "./config/executor-kinds.ts";
import type { NodeOptions } from "./config/options.ts";

/** Whose executors these are. */
export interface ExecutorSite {
  readonly options: NodeOptions;
  /** Where the process executor keeps its records; this node's own. */
  readonly stateDirectory: string;
  /** This node's uuid: tells its containers from those of other nodes that share the engine. */
  readonly nodeUuid: string;
}

/** Keeps what is set: an option that is not must not stand in the way of an executor's own default. */
type Given<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}

export const EXECUTOR_BUILDERS: Readonly<Record<ExecutorKind, (site: ExecutorSite) => Executor>> = {
  process: buildProcess,
  docker: buildDocker,
  webhook: buildWebhook,
};

function buildProcess({ options, stateDirectory }: ExecutorSite): ProcessExecutor {
  return new ProcessExecutor({
    stateDirectory,
    outputCapacityBytes: options.outputBufferBytes,
    allowUnlimitedProcesses: options.allowUnlimitedProcesses,
    isolation: options.processIsolation,
    ...given({ cgroupDirectory: options.cgroupDirectory }),
    readOnlyPaths: options.processReadOnlyPaths,
    limits: {
      memoryBytes: options.processMemory,
      swapBytes: options.processSwap,
      cpus: options.processCpus,
      pids: options.processPids,
      ioBytesPerSecond: options.processIo,
      tmpfsBytes: options.processTmp,
      openFiles: options.processOpenFiles,
    },
    maxLimits: given({
      memoryBytes: options.processMaxMemory,
      swapBytes: options.processMaxSwap,
      cpus: options.processMaxCpus,
      pids: options.processMaxPids,
      ioBytesPerSecond: options.processMaxIo,
      tmpfsBytes: options.processMaxTmp,
      openFiles: options.processMaxOpenFiles,
    }),
  });
}

function buildDocker({ options, nodeUuid }: ExecutorSite): DockerExecutor {
  const { dockerImages } = options;
  return new DockerExecutor({
    socketPath: options.dockerSocket,
    scope: nodeUuid,
    image: options.image,
    ...(dockerImages.length === 0 ? {} : { images: dockerImages.includes("all") ? "all" : dockerImages }),
    pullPolicy: options.dockerPull,
    pullTimeoutMs: options.dockerPullTimeout,
    engineTimeoutMs: options.dockerRequestTimeout,
    outputCapacityBytes: options.outputBufferBytes,
    limits: {
      memoryBytes: Math.min(options.dockerMemory, options.dockerMaxMemory ?? Infinity),
      cpus: Math.min(options.dockerCpus, options.dockerMaxCpus ?? Infinity),
      pids: Math.min(options.dockerPids, options.dockerMaxPids ?? Infinity),
      tmpfsBytes: Math.min(options.dockerTmp, options.dockerMaxTmp ?? Infinity),
      openFiles: Math.min(options.dockerOpenFiles, options.dockerMaxOpenFiles ?? Infinity),
    },
    maxLimits: given({
      memoryBytes: options.dockerMaxMemory,
      cpus: options.dockerMaxCpus,
      pids: options.dockerMaxPids,
      tmpfsBytes: options.dockerMaxTmp,
      openFiles: options.dockerMaxOpenFiles,
    }),
  });
}

function buildWebhook({ options }: ExecutorSite): WebhookExecutor {
  const { webhookAllow, webhookMaxRedirects, webhookSecretFile } = options;
  return new WebhookExecutor({
    allow: webhookAllow.includes("all") ? "all" : webhookAllow,
    maxRedirects: webhookMaxRedirects,
    ...(webhookSecretFile === undefined ? {} : { signingSecret: readSecret(webhookSecretFile) }),
  });
}

const LEAST_SECRET_BYTES = 16;

/** The line break that editors put at the end is not part of it. */
function readSecret(path: string): string {
  let secret: string;
  try {
    secret = readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw new ConfigError([`--webhook-secret-file: ${path} cannot be read: ${(cause as Error).message}`], { cause });
  }
  if (Buffer.byteLength(secret) >= LEAST_SECRET_BYTES) return secret;
  throw new ConfigError([`--webhook-secret-file: ${path} must hold at least ${LEAST_SECRET_BYTES} bytes; \`openssl rand -hex 32\` makes some`]);
}
