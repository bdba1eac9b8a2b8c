/**
 * What this room refuses with. Every error has a stable `code` and a `category` of a closed set;
 * each edge maps categories to its own status codes in one table.
 */

/** The closed set of kinds of failure. */
export type ErrorCategory =
  | "invalid"
  | "not-found"
  | "conflict"
  | "denied"
  | "exhausted"
  | "unavailable"
  | "unknown-outcome"
  | "internal";

const CATEGORIES: ReadonlySet<string> = new Set<ErrorCategory>([
  "invalid",
  "not-found",
  "conflict",
  "denied",
  "exhausted",
  "unavailable",
  "unknown-outcome",
  "internal",
]);

/** Base of everything this room throws on purpose. */
export abstract class JobServiceError extends Error {
  abstract readonly code: string;
  abstract readonly category: ErrorCategory;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** One field that is not as it must be. */
export interface FieldProblem {
  /** Where, as a path such as `task.webhook.url`. */
  readonly field: string;
  /** What it must be. */
  readonly problem: string;
}

/** The request breaks a rule or a limit. Correct the fields named and send it again. */
export class ValidationError extends JobServiceError {
  readonly code = "INVALID_REQUEST";
  readonly category = "invalid";
  readonly fields: readonly FieldProblem[];

  constructor(fields: readonly FieldProblem[], options?: ErrorOptions) {
    const shown = fields.slice(0, 10).map(({ field, problem }) => `${field}: ${problem}`);
    const more = fields.length > shown.length ? `; and ${String(fields.length - shown.length)} more` : "";
    super(`The request is not valid. ${shown.join("; ")}${more}.`, options);
    this.fields = fields;
  }
}

/** No job has this id. */
export class JobNotFoundError extends JobServiceError {
  readonly code = "JOB_NOT_FOUND";
  readonly category = "not-found";

  constructor(jobId: string) {
    super(`No job has the id ${jobId}. List your jobs to find the one you mean.`);
  }
}

/** The job belongs to somebody else; nothing more is said about it. */
export class JobPermissionDeniedError extends JobServiceError {
  readonly code = "JOB_PERMISSION_DENIED";
  readonly category = "denied";

  constructor() {
    super("Permission denied: the job belongs to another client.");
  }
}

/** The caller's role may not use this call. */
export class CallNotAllowedError extends JobServiceError {
  readonly code = "CALL_NOT_ALLOWED";
  readonly category = "denied";

  constructor(role: string, call: string, needed: string) {
    super(`Permission denied: ${call} needs a certificate of role ${needed}, and this one has role ${role}.`);
  }
}

/** This id names a job of other content. */
export class JobConflictError extends JobServiceError {
  readonly code = "JOB_CONFLICT";
  readonly category = "conflict";

  constructor(jobId: string) {
    super(`The id ${jobId} names a job with other content. Submit this one under a new id.`);
  }
}

/** A forwarded request came to a node that does not lead; nothing was done with it (G24). */
export class NotLeaderError extends JobServiceError {
  readonly code = "NOT_LEADER";
  readonly category = "unavailable";
  /** Who leads instead, as far as this node knows. */
  readonly leader: number | undefined;

  constructor(leader: number | undefined) {
    super(
      `This node does not lead${leader === undefined ? "" : `; node ${String(leader)} does`}. Ask the leader.`,
    );
    this.leader = leader;
  }
}

/** No leader was found in time; nothing was done. */
export class NoLeaderError extends JobServiceError {
  readonly code = "NO_LEADER";
  readonly category = "unavailable";
  /** When it makes sense to try again, in milliseconds from now. */
  readonly retryAfterMs: number = 1_000;

  constructor(options?: ErrorOptions) {
    super(
      "The cluster has no leader right now, and nothing was done. Try again in a second; if it stays so, see that a majority of the nodes runs. A read can be answered from one node's own state with `stale`.",
      options,
    );
  }
}

/** This node is shutting down and takes no new jobs. */
export class NodeDrainingError extends JobServiceError {
  readonly code = "NODE_DRAINING";
  readonly category = "unavailable";
  readonly retryAfterMs: number = 1_000;

  constructor() {
    super("This node is shutting down and takes no new jobs; nothing was done. Try again at another node.");
  }
}

/** The answer did not come in time: the change may or may not have been made. */
export class OutcomeUnknownError extends JobServiceError {
  readonly code = "OUTCOME_UNKNOWN";
  readonly category = "unknown-outcome";

  constructor(options?: ErrorOptions) {
    super(
      "The cluster did not confirm in time, so it is not known whether this was done. Send the same request again with the same id: that is safe, and nothing is done twice.",
      options,
    );
  }
}

/** A read was not answered in time. */
export class ReadTimeoutError extends JobServiceError {
  readonly code = "READ_TIMEOUT";
  readonly category = "unavailable";
  readonly retryAfterMs: number = 1_000;

  constructor(options?: ErrorOptions) {
    super(
      "The leader did not answer in time. Try again, or read one node's own state with `stale`.",
      options,
    );
  }
}

/** Something broke a promise inside the cluster, such as a result of the wrong kind. */
export class UnexpectedResultError extends JobServiceError {
  readonly code = "INTERNAL";
  readonly category = "internal";

  constructor(what: string, options?: ErrorOptions) {
    super(`${what} This is a fault of Coxswain; the log of the node that leads says more.`, options);
  }
}

/** The replicated state, or another node, refused; carries that refusal's own code and category. */
export class RefusedError extends JobServiceError {
  readonly code: string;
  readonly category: ErrorCategory;
  readonly leader: number | undefined;

  constructor(
    refusal: { code: string; category: string; message: string; leader?: number | undefined },
    options?: ErrorOptions,
  ) {
    super(refusal.message, options);
    this.code = refusal.code;
    this.category = isErrorCategory(refusal.category) ? refusal.category : "internal";
    this.leader = refusal.leader;
  }
}

/** Whether a word is one of the closed set. */
export function isErrorCategory(word: unknown): word is ErrorCategory {
  return typeof word === "string" && CATEGORIES.has(word);
}

/** What an error of any room says about itself; `internal` when it says nothing. */
export interface ErrorFacts {
  readonly code: string;
  readonly category: ErrorCategory;
  readonly message: string;
  readonly leader?: number;
}

/**
 * Reads code, category and leader off an error structurally, so that no room needs another's classes.
 * The message of an error without a code is not passed on: it may say too much.
 */
export function errorFacts(error: unknown): ErrorFacts {
  const { code, category, message, leader } = (
    typeof error === "object" && error !== null ? error : {}
  ) as Record<"code" | "category" | "message" | "leader", unknown>;
  if (typeof code !== "string" || !isErrorCategory(category)) {
    return {
      code: "INTERNAL",
      category: "internal",
      message: "Internal error; the log of the node says more.",
    };
  }
  return {
    code,
    category,
    message: typeof message === "string" ? message : code,
    ...(typeof leader === "number" && leader > 0 ? { leader } : {}),
  };
}
