import { Metadata } from "@grpc/grpc-js";
import { CallCancelledError, MetadataTooLargeError } from "./errors.ts";
import { type AuthenticatedCall, type PeerIdentity, peerIdentity } from "./peer-identity.ts";
import { type StatusResponse, setLeaderHint, statusFromError } from "./status-from-error.ts";

/** What a handler knows of its call besides the request. */
export interface CallContext {
  readonly peer: PeerIdentity;
  /** Full gRPC path, such as `/coxswain.v1.SchedulerService/SubmitJob`. */
  readonly path: string;
  /** Aborts when the client cancels, its deadline passes or its connection breaks. A waiting handler must heed it. */
  readonly signal: AbortSignal;
  /** The client's deadline in ms since the epoch; undefined when it has none. */
  readonly deadlineMs: number | undefined;
  /** What the client sent along. */
  readonly metadata: Metadata;
}

/** Who may call, and whom to tell of failures. */
export interface HandlerOptions {
  /** Whom to take callers without a certificate for; only for a server without TLS. Default: refuse them. */
  readonly insecurePeer?: PeerIdentity | undefined;
  /** Names and values together; more of it is RESOURCE_EXHAUSTED. grpc-js itself takes megabytes. Default 16 KiB. */
  readonly maxMetadataBytes?: number | undefined;
  /** Throws for callers who may not make this call; runs before the handler. */
  readonly authorize?: (peer: PeerIdentity, path: string) => void;
  /** The leader's `host:port`, sent along with every answer as `cox-leader`. */
  readonly leader?: () => string | undefined;
  /** Told of each failure, with the error as thrown; the client sees only a status. */
  readonly onError?: (error: unknown, path: string) => void;
  /** Told of each answer and each failure, with who asked and from where: for a record of what was done. It should be quick. */
  readonly onAnswer?: (record: CallRecord) => void;
}

/** One answer of a call, or its failure. Of a stream, each response of a bidirectional one; of one towards the client, its failure alone. */
export interface CallRecord {
  readonly path: string;
  /** `host:port` of the caller. */
  readonly from: string;
  /** Undefined when the certificate does not say who calls. */
  readonly peer: PeerIdentity | undefined;
  /** Where there was one request. */
  readonly request?: unknown;
  readonly response?: unknown;
  /** As thrown. */
  readonly error?: unknown;
}

/** What all kinds of grpc-js server calls share. */
export interface ServerCall extends AuthenticatedCall {
  readonly cancelled: boolean;
  readonly metadata: Metadata;
  /** Full gRPC path. */
  getPath(): string;
  /** The caller's `host:port`. */
  getPeer(): string;
  /** The client's; infinite when it has none. */
  getDeadline(): Date | number;
  /** Sends the initial metadata now. */
  sendMetadata(metadata: Metadata): void;
  /** Calls back when the client cancelled or is gone. */
  once(event: "cancelled", listener: () => void): unknown;
}

const defaultMaxMetadataBytes = 16 * 1024;

/** @throws UnauthenticatedError, MetadataTooLargeError, or what `authorize` throws */
export function openCall(call: ServerCall, options: HandlerOptions): CallContext {
  const aborter = new AbortController();
  call.once("cancelled", () => {
    aborter.abort();
  });
  if (call.cancelled) aborter.abort();
  const path = call.getPath();
  const peer = peerIdentity(call, options.insecurePeer);
  checkSize(call.metadata, options.maxMetadataBytes ?? defaultMaxMetadataBytes);
  options.authorize?.(peer, path);
  sendHeaders(call, options);
  return { peer, path, signal: aborter.signal, deadlineMs: deadlineOf(call), metadata: call.metadata };
}

function checkSize(metadata: Metadata, maxBytes: number): void {
  let sizeBytes = 0;
  for (const [name, values] of Object.entries(metadata.toHttp2Headers()))
    for (const value of [values ?? ""].flat()) sizeBytes += name.length + String(value).length;
  if (sizeBytes > maxBytes) throw new MetadataTooLargeError(sizeBytes, maxBytes);
}

/** At once, also without a leader: they tell the caller of a stream that may be silent for long that there is a server. */
function sendHeaders(call: ServerCall, options: HandlerOptions): void {
  const leader = options.leader?.();
  const metadata = new Metadata();
  if (leader !== undefined) setLeaderHint(metadata, leader);
  call.sendMetadata(metadata);
}

/** What a record of an answer is taken from. */
export type RecordedCall = Pick<ServerCall, "getPath" | "getPeer" | "getAuthContext"> & {
  readonly request?: unknown;
};

/** The status for what a handler threw, after `onError` and `onAnswer` were told. Never throws: it is the last line before grpc-js. */
export function failCall(error: unknown, call: RecordedCall, options: HandlerOptions): StatusResponse {
  try {
    // Not a failure of the handler, and nobody is left to be told.
    if (!(error instanceof CallCancelledError)) {
      record({ error }, call, options);
      options.onError?.(error, call.getPath());
    }
    return statusFromError(error, options.leader?.());
  } catch {
    return statusFromError(undefined);
  }
}

/** Tells `onAnswer` of a response. Never throws. */
export function recordResponse(response: unknown, call: RecordedCall, options: HandlerOptions): void {
  record({ response }, call, options);
}

function record(
  answer: Pick<CallRecord, "response" | "error">,
  call: RecordedCall,
  options: HandlerOptions,
): void {
  if (options.onAnswer === undefined) return;
  const { request } = call;
  try {
    options.onAnswer({
      path: call.getPath(),
      from: call.getPeer(),
      peer: callerOf(call, options),
      ...(request === undefined ? {} : { request }),
      ...answer,
    });
  } catch {
    // What was done is done: that it cannot be recorded must not change what the caller is told.
  }
}

function callerOf(call: AuthenticatedCall, { insecurePeer }: HandlerOptions): PeerIdentity | undefined {
  try {
    return peerIdentity(call, insecurePeer);
  } catch {
    return undefined;
  }
}

function deadlineOf(call: ServerCall): number | undefined {
  const deadline = call.getDeadline();
  const deadlineMs = typeof deadline === "number" ? deadline : deadline.getTime();
  return Number.isFinite(deadlineMs) ? deadlineMs : undefined;
}
