/**
 * What a request may ask for, and what it gets when it does not ask. Both are read where a request
 * enters; what follows from them is stamped into the command, so that apply needs neither (G6).
 */
import { MisfirePolicy, NodeLossPolicy } from "@coxswain/protocol";
import type { Policy } from "@coxswain/protocol";

/** Limits on requests; reaching one is a `ValidationError` that names the field. */
export interface RequestLimits {
  /** A shell line, or all words of an argv together. Default 8192. */
  readonly maxCommandBytes: number;
  /** Words of an argv. Default 256. */
  readonly maxArguments: number;
  /** A webhook's payload. Default 64 KiB. */
  readonly maxPayloadBytes: number;
  /** Environment variables. Default 128. */
  readonly maxEnvEntries: number;
  /** All names and values of an environment together. Default 32 KiB. */
  readonly maxEnvBytes: number;
  /** Headers of a webhook. Default 64. */
  readonly maxHeaders: number;
  /** All names and values of the headers together. Default 16 KiB. */
  readonly maxHeaderBytes: number;
  /** A webhook's URL. Default 2048. */
  readonly maxUrlBytes: number;
  /** Jobs of one batch. Default 256. */
  readonly maxBatchJobs: number;
  /** Bytes of one batch, once checked and completed. Default 3 MiB, so that it can also be forwarded. */
  readonly maxBatchBytes: number;
  /** Bytes of the jobs in one log entry; a larger batch takes several. Default 512 KiB. */
  readonly maxProposalBytes: number;
  /** Attempts that a policy may ask for. Default 100. */
  readonly maxAttempts: number;
  /** The longest limit of one attempt. Default 7 days. */
  readonly maxTimeoutMs: number;
  /** The longest wait between two attempts. Default 1 day. */
  readonly maxRetryMs: number;
  /** The highest priority. Default 1000. */
  readonly maxPriority: number;
  /** The reason given with a cancel. Default 1024. */
  readonly maxReasonBytes: number;
  /** How far in the past `at` may lie; such a job is due at once. Default 60 s. */
  readonly atToleranceMs: number;
}

export const DEFAULT_LIMITS: RequestLimits = {
  maxCommandBytes: 8_192,
  maxArguments: 256,
  maxPayloadBytes: 65_536,
  maxEnvEntries: 128,
  maxEnvBytes: 32_768,
  maxHeaders: 64,
  maxHeaderBytes: 16_384,
  maxUrlBytes: 2_048,
  maxBatchJobs: 256,
  maxBatchBytes: 3 * 1024 * 1024,
  maxProposalBytes: 512 * 1024,
  maxAttempts: 100,
  maxTimeoutMs: 7 * 24 * 3_600_000,
  maxRetryMs: 24 * 3_600_000,
  maxPriority: 1_000,
  maxReasonBytes: 1_024,
  atToleranceMs: 60_000,
};

/** The policy of a job that does not say: 3 attempts of 5 minutes (in a container {@link DEFAULT_DOCKER_TIMEOUT_MS}), waits of 1 s to 60 s, retried after a node loss, one run for what was missed. */
export const DEFAULT_POLICY: Policy = {
  maxAttempts: 3,
  timeoutMs: 300_000,
  retryInitialMs: 1_000,
  retryMaxMs: 60_000,
  onNodeLoss: NodeLossPolicy.RETRY,
  misfire: MisfirePolicy.ONCE,
  priority: 0,
};

/** The limit of one attempt of a docker task whose job does not say: 30 s from the start of its container. */
export const DEFAULT_DOCKER_TIMEOUT_MS = 30_000;

/** Waits and sizes of the service itself. */
export interface ServiceSettings {
  /** How long a call may take in all, retries included. Default 5000. */
  readonly commitWaitMs: number;
  /** How often a forwarded call looks whether the leader is still the one it went to. Default 100. */
  readonly leaderCheckMs: number;
  /** How long a status waits for the live output of a running job. Default 500. */
  readonly outputWaitMs: number;
  /** Bytes of live output in a status. Default 2048. */
  readonly outputTailBytes: number;
  /** Jobs in each page that `streamJobs` reads. Default 500. */
  readonly streamPageSize: number;
  /** Logs that this node streams at a time. Default 512. */
  readonly maxLogStreams: number;
  /** Those of one caller. Default 128. */
  readonly maxLogStreamsPerCaller: number;
  /** How long logs wait for a node that holds their output and cannot be reached, before they go on without it or give up. Default 10,000. */
  readonly outputPatienceMs: number;
  /** Bytes of one page of executions; a page ends early rather than grow beyond. Default 2 MiB. */
  readonly maxPageBytes: number;
}

export const DEFAULT_SETTINGS: ServiceSettings = {
  commitWaitMs: 5_000,
  leaderCheckMs: 100,
  outputWaitMs: 500,
  outputTailBytes: 2_048,
  streamPageSize: 500,
  maxLogStreams: 512,
  maxLogStreamsPerCaller: 128,
  outputPatienceMs: 10_000,
  maxPageBytes: 2 * 1024 * 1024,
};

/** What a docker task that names no image gets. */
export const DEFAULT_IMAGE = "alpine:latest";
