import { status } from "@grpc/grpc-js";
import type { ErrorCategory } from "./error-category.ts";

const statusByCategory: Readonly<Record<ErrorCategory, status>> = {
  invalid: status.INVALID_ARGUMENT,
  "not-found": status.NOT_FOUND,
  conflict: status.FAILED_PRECONDITION,
  denied: status.PERMISSION_DENIED,
  exhausted: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  "unknown-outcome": status.DEADLINE_EXCEEDED,
  internal: status.INTERNAL,
};

/** The gRPC status of an error: its category decides, save for the two that gRPC splits further. */
export function grpcStatusOf(error: { readonly code: string; readonly category: ErrorCategory }): status {
  if (error.category === "conflict" && /_(EXISTS|CONFLICT)$/.test(error.code)) return status.ALREADY_EXISTS;
  if (error.category === "denied" && error.code === "UNAUTHENTICATED") return status.UNAUTHENTICATED;
  return statusByCategory[error.category];
}

const categoryByStatus: ReadonlyMap<status, ErrorCategory> = new Map<status, ErrorCategory>([
  [status.INVALID_ARGUMENT, "invalid"],
  [status.OUT_OF_RANGE, "invalid"],
  [status.UNIMPLEMENTED, "invalid"],
  [status.NOT_FOUND, "not-found"],
  [status.ALREADY_EXISTS, "conflict"],
  [status.FAILED_PRECONDITION, "conflict"],
  [status.ABORTED, "conflict"],
  [status.PERMISSION_DENIED, "denied"],
  [status.UNAUTHENTICATED, "denied"],
  [status.RESOURCE_EXHAUSTED, "exhausted"],
  [status.UNAVAILABLE, "unavailable"],
  [status.DEADLINE_EXCEEDED, "unknown-outcome"],
  [status.CANCELLED, "unknown-outcome"],
]);

/** The category of a status that carries none of its own, such as those grpc-js itself makes. */
export function categoryOfStatus(code: status): ErrorCategory {
  return categoryByStatus.get(code) ?? "internal";
}
