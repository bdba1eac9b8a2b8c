import { Metadata } from "@grpc/grpc-js";
import { CallCancelledError } from "./errors.ts";
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
  /** Throws for callers who may not make this call; runs before the handler. */
  readonly authorize?: (peer: PeerIdentity, path: string) => void;
  /** The leader's `host:port`, sent along with every answer as `cox-leader`. */
  readonly leader?: () => string | undefined;
  /** Told of each failure, with the error as thrown; the client sees only a status. */
  readonly onError?: (error: unknown, path: string) => void;
}

/** What all kinds of grpc-js server calls share. */
export interface ServerCall extends AuthenticatedCall {
  readonly cancelled: boolean;
  readonly metadata: Metadata;
  /** Full gRPC path. */
  getPath(): string;
  /** The client's; infinite when it has none. */
  getDeadline(): Date | number;
  /** Sends the initial metadata now. */
  sendMetadata(metadata: Metadata): void;
  /** Calls back when the client cancelled or is gone. */
  once(event: "cancelled", listener: () => void): unknown;
}

/** @throws UnauthenticatedError, or what `authorize` throws */
export function openCall(call: ServerCall, options: HandlerOptions): CallContext {
  const aborter = new AbortController();
  call.once("cancelled", () => {
    aborter.abort();
  });
  if (call.cancelled) aborter.abort();
  const path = call.getPath();
  const peer = peerIdentity(call, options.insecurePeer);
  options.authorize?.(peer, path);
  sendLeaderHint(call, options);
  return { peer, path, signal: aborter.signal, deadlineMs: deadlineOf(call), metadata: call.metadata };
}

function sendLeaderHint(call: ServerCall, options: HandlerOptions): void {
  const leader = options.leader?.();
  if (leader === undefined) return;
  const metadata = new Metadata();
  setLeaderHint(metadata, leader);
  call.sendMetadata(metadata);
}

/** The status for what a handler threw, after `onError` was told. Never throws: it is the last line before grpc-js. */
export function failCall(error: unknown, path: string, options: HandlerOptions): StatusResponse {
  try {
    // Not a failure of the handler, and nobody is left to be told.
    if (!(error instanceof CallCancelledError)) options.onError?.(error, path);
    return statusFromError(error, options.leader?.());
  } catch {
    return statusFromError(undefined);
  }
}

function deadlineOf(call: ServerCall): number | undefined {
  const deadline = call.getDeadline();
  const deadlineMs = typeof deadline === "number" ? deadline : deadline.getTime();
  return Number.isFinite(deadlineMs) ? deadlineMs : undefined;
}
