import { type Metadata, status } from "@grpc/grpc-js";
import { type ErrorCategory, isErrorCategory } from "./error-category.ts";
import { RemoteError } from "./errors.ts";
import { metadataKeys } from "./status-from-error.ts";
import { categoryOfStatus } from "./status-table.ts";

/** The parts of grpc-js's ServiceError that count; also satisfied by a bare status. */
export interface StatusLike {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
}

/**
 * What a failed call means to its caller: the server's own code and category when it sent them, else those of
 * the status. A connection that breaks in mid-call is `unknown-outcome`, since the request may have been done.
 */
export function errorFromStatus(error: StatusLike): RemoteError {
  const code = textOf(error.metadata, metadataKeys.code);
  const category = textOf(error.metadata, metadataKeys.category);
  const leader = leaderHint(error.metadata);
  if (code !== undefined && isErrorCategory(category)) {
    return new RemoteError({ code, category, message: error.details, leader, cause: error });
  }
  const transport = transportFailure(error);
  return new RemoteError({
    code: transport?.code ?? status[error.code] ?? "UNKNOWN",
    category: transport?.category ?? categoryOfStatus(error.code),
    message: error.details,
    leader,
    cause: error,
  });
}

/** The leader's address, if the answering server gave it. */
export function leaderHint(metadata: Metadata | undefined): string | undefined {
  return textOf(metadata, metadataKeys.leader);
}

/** Before a connection stood, nothing was sent; these are grpc-js's words for it. */
const neverSent =
  /^(No connection established|Name resolution failed|Failed to connect|Channel has been shut down)|Waiting for LB pick|waiting for name resolution/;
const broken =
  /RST_STREAM|ECONNRESET|EPIPE|socket hang up|Connection dropped|GOAWAY|session|stream (closed|destroyed)/i;

function transportFailure(error: StatusLike): { code: string; category: ErrorCategory } | undefined {
  const unreachable = error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED;
  if (unreachable && neverSent.test(error.details)) return { code: "UNREACHABLE", category: "unavailable" };
  if (error.code === status.UNAVAILABLE) return { code: "CONNECTION_LOST", category: "unknown-outcome" };
  const internal =
    error.code === status.INTERNAL || error.code === status.UNKNOWN || error.code === status.CANCELLED;
  return internal && broken.test(error.details)
    ? { code: "CONNECTION_LOST", category: "unknown-outcome" }
    : undefined;
}

function textOf(metadata: Metadata | undefined, key: string): string | undefined {
  const [value] = metadata?.get(key) ?? [];
  return value === undefined ? undefined : value.toString();
}
