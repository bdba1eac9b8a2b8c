/** `InternalService` on the wire: what nodes ask of each other, and nobody else may. */
import { errorDetail } from "@coxswain/job-service";
import type { CallerIdentity, CallOptions, PeerAnswers, PublicMethod } from "@coxswain/job-service";
import type {
  ErrorDetail,
  ForwardRequest,
  ForwardResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  InternalServiceServer,
  OutputPiece,
  RegisterNode,
  ReportAttempts_Item,
  ReportAttemptsRequest,
  ReportAttemptsResponse,
  StreamOutputRequest,
} from "@coxswain/protocol";
import { requireRole, wrapBidi, wrapServerStream, wrapUnary } from "@coxswain/rpc";
import type { CallContext, HandlerOptions } from "@coxswain/rpc";
import {
  CallerMissingError,
  LeaseRefusedError,
  NotForwardableError,
  TooManyOutputStreamsError,
} from "./errors.ts";
import { FORWARD_CODECS, forwardedMethod } from "./forward-table.ts";
import { pipelined } from "./pipelined.ts";
import { timeOf } from "./scheduler-service.ts";

/** The answer to a heartbeat, as the scheduler gives it. */
export interface LeaseGrant {
  /** Runs from the sending of the request. 0: not granted. */
  readonly leaseMs: number;
  /** Why not: NOT_LEADER, NOT_REGISTERED, OTHER_INCARNATION, LOST. */
  readonly reason?: string;
}

/**
 * What a node answers to the others, bound in apps/node. Every rejection with `code` and `category` reaches the
 * caller as such; `heartbeat`, `registerNode` and `reportAttempts` reject with NOT_LEADER where this node does not lead.
 */
export interface InternalHandlers extends PeerAnswers {
  /** Grants a lease after a confirmed quorum (G12), or says why not. */
  heartbeat(request: HeartbeatRequest): Promise<LeaseGrant>;
  /** Resolves when the registration was applied (G2). */
  registerNode(registration: RegisterNode): Promise<void>;
  /** Resolves when the results were committed (G14). */
  reportAttempts(items: readonly ReportAttempts_Item[]): Promise<void>;
}

export interface InternalServiceOptions extends HandlerOptions {
  /** Results of one stream that are at work at a time. Default 2048. */
  readonly maxReportsInFlight?: number;
  /** Outputs that this node streams to the others at a time. Default 2048. */
  readonly maxOutputStreams?: number;
  /** This node's wall clock, told with each lease. Default `Date.now`. */
  readonly now?: () => number;
}

/** For `server.addService(InternalServiceService, ...)`. Callers without a certificate of role `node` get PERMISSION_DENIED. */
export function internalServiceImplementation(
  handlers: InternalHandlers,
  options: InternalServiceOptions = {},
): InternalServiceServer {
  const { maxReportsInFlight = 2_048, maxOutputStreams = 2_048, now = Date.now } = options;
  const guarded: HandlerOptions = {
    ...options,
    authorize: (peer, path) => {
      requireRole(peer, "node");
      options.authorize?.(peer, path);
    },
  };
  return {
    forward: wrapUnary((request, context) => answerForward(handlers, request, context, guarded), guarded),
    reportAttempts: wrapBidi(
      (requests, context) =>
        pipelined(requests, (request) => answerReport(handlers, request, context, guarded), {
          weightOf: (request) => request.items.length,
          maxWeight: maxReportsInFlight,
        }),
      guarded,
    ),
    heartbeat: wrapUnary(async (request, context) => {
      const { leaseMs, error } = await answerHeartbeat(handlers, request, context, guarded);
      return { leaseMs, error, timeMs: now() };
    }, guarded),
    registerNode: wrapUnary(async ({ registration }, context) => {
      if (registration === undefined) throw new NotForwardableError("RegisterNode without a registration");
      return { error: await errorOf(handlers.registerNode(registration), context, guarded) };
    }, guarded),
    getJobOutput: wrapUnary(async ({ executionId, attempt, tailBytes }) => {
      const output = await Promise.resolve(handlers.output(executionId, attempt, tailBytes));
      // gRPC serialises later than it takes the message, and the buffer behind this may be written over by then.
      return {
        output: output === undefined ? new Uint8Array() : Uint8Array.from(output),
        found: output !== undefined,
      };
    }, guarded),
    streamOutput: wrapServerStream(boundedOutputs(handlers, maxOutputStreams), guarded),
  };
}

/** Each connection has its own limit of streams; this is the node's. */
function boundedOutputs(
  handlers: InternalHandlers,
  limit: number,
): (request: StreamOutputRequest, context: CallContext) => AsyncGenerator<OutputPiece, void, undefined> {
  let open = 0;
  return async function* (request, { signal }) {
    if (open >= limit) throw new TooManyOutputStreamsError(limit);
    open++;
    try {
      yield* handlers.streamOutput(request, { signal });
    } finally {
      open--;
    }
  };
}

async function answerForward(
  handlers: InternalHandlers,
  { caller, path, request }: ForwardRequest,
  context: CallContext,
  options: HandlerOptions,
): Promise<ForwardResponse> {
  try {
    const method = forwardedMethod(path);
    if (method === undefined) throw new NotForwardableError(path);
    const value = await answerMethod(handlers, method, callerOf(caller), request, timeOf(context));
    return { result: { $case: "response", value } };
  } catch (error) {
    return { result: { $case: "error", value: told(error, context, options) } };
  }
}

async function answerMethod<M extends PublicMethod>(
  handlers: InternalHandlers,
  method: M,
  caller: CallerIdentity,
  request: Uint8Array,
  options: CallOptions,
): Promise<Uint8Array> {
  const codec = FORWARD_CODECS[method];
  return codec.responseSerialize(
    await handlers.forward(caller, method, codec.requestDeserialize(Buffer.from(request)), options),
  );
}

/** A node speaks for clients and admins, never for a node. */
function callerOf(caller: ForwardRequest["caller"]): CallerIdentity {
  const { name, role } = caller ?? { name: "", role: "" };
  if (name === "" || (role !== "client" && role !== "admin")) throw new CallerMissingError();
  return { name, role };
}

async function answerReport(
  handlers: InternalHandlers,
  { sequence, items }: ReportAttemptsRequest,
  context: CallContext,
  options: HandlerOptions,
): Promise<ReportAttemptsResponse> {
  return { sequence, error: await errorOf(handlers.reportAttempts(items), context, options) };
}

async function answerHeartbeat(
  handlers: InternalHandlers,
  request: HeartbeatRequest,
  context: CallContext,
  options: HandlerOptions,
): Promise<Omit<HeartbeatResponse, "timeMs">> {
  try {
    const { leaseMs, reason } = await handlers.heartbeat(request);
    const error = leaseMs > 0 ? undefined : errorDetail(new LeaseRefusedError(reason ?? "NOT_GRANTED"));
    return { leaseMs, error };
  } catch (error) {
    return { leaseMs: 0, error: told(error, context, options) };
  }
}

async function errorOf(
  done: Promise<void>,
  context: CallContext,
  options: HandlerOptions,
): Promise<ErrorDetail | undefined> {
  try {
    await done;
    return undefined;
  } catch (error) {
    return told(error, context, options);
  }
}

/** An error as data, after `onError` was told: it ends no call, so nobody else would be. */
function told(error: unknown, { path }: CallContext, { onError }: HandlerOptions): ErrorDetail {
  onError?.(error, path);
  return errorDetail(error);
}
