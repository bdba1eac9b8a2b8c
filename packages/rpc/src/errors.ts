import type { CategorizedError, ErrorCategory } from "./error-category.ts";

/** The base of all errors of this package. */
export abstract class RpcError extends Error implements CategorizedError {
  abstract readonly code: string;
  abstract readonly category: ErrorCategory;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The caller's certificate does not say who it is. */
export class UnauthenticatedError extends RpcError {
  readonly code = "UNAUTHENTICATED" as const;
  readonly category = "denied" as const;
}

/** The caller is known, and may not do this. */
export class PermissionDeniedError extends RpcError {
  readonly code = "PERMISSION_DENIED" as const;
  readonly category = "denied" as const;
}

/** The call came with more metadata than the server takes. */
export class MetadataTooLargeError extends RpcError {
  readonly code = "METADATA_TOO_LARGE" as const;
  readonly category = "exhausted" as const;

  constructor(sizeBytes: number, maxBytes: number) {
    super(`The call's metadata has ${String(sizeBytes)} bytes and the server takes ${String(maxBytes)}: send less of it.`);
  }
}

/** The other end cancelled the call, or its connection broke, before all was said. */
export class CallCancelledError extends RpcError {
  readonly code = "CALL_CANCELLED" as const;
  readonly category = "unavailable" as const;

  constructor() {
    super("The caller cancelled, or its connection broke, before the end of its messages.");
  }
}

/** CA, certificate or key cannot be read, or do not fit together. */
export class TlsFilesError extends RpcError {
  readonly code = "TLS_FILES_UNUSABLE" as const;
  readonly category = "invalid" as const;
}

/** What is known of an error from the other end. */
export interface RemoteErrorFields {
  readonly code: string;
  readonly category: ErrorCategory;
  readonly message: string;
  /** `host:port` of the leader, where the answering node knew it. */
  readonly leader?: string | undefined;
  readonly cause?: unknown;
}

/** An error that another node or server reported, or that the connection to it met; code and category are the sender's. */
export class RemoteError extends RpcError {
  readonly code: string;
  readonly category: ErrorCategory;
  readonly leader: string | undefined;

  constructor(fields: RemoteErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code;
    this.category = fields.category;
    this.leader = fields.leader;
  }
}
