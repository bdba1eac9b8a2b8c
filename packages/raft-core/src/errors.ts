/** The closed set that every edge maps to its own status codes. */
export type ErrorCategory =
  | "invalid"
  | "not-found"
  | "conflict"
  | "denied"
  | "exhausted"
  | "unavailable"
  | "unknown-outcome"
  | "internal";

/** What this package throws: a stable `code` to branch on, and a message that says what to do next. */
export abstract class RaftError extends Error {
  abstract readonly code: string;
  abstract readonly category: ErrorCategory;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
