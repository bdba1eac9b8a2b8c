/** The closed set by which each edge decides how an error looks to its callers. */
export type ErrorCategory =
  | "invalid"
  | "not-found"
  | "conflict"
  | "denied"
  | "exhausted"
  | "unavailable"
  | "unknown-outcome"
  | "internal";

/** What every expected failure in Coxswain has, whichever package raises it: errors are structural, not one class tree. */
export interface CategorizedError {
  readonly code: string;
  readonly category: ErrorCategory;
  readonly message: string;
}

const categories: ReadonlySet<string> = new Set<ErrorCategory>([
  "invalid",
  "not-found",
  "conflict",
  "denied",
  "exhausted",
  "unavailable",
  "unknown-outcome",
  "internal",
]);

/** Whether it is one of the closed set. */
export function isErrorCategory(value: unknown): value is ErrorCategory {
  return typeof value === "string" && categories.has(value);
}

/** Whether it has the shape of an expected failure, whichever package raised it. */
export function isCategorizedError(error: unknown): error is CategorizedError {
  if (typeof error !== "object" || error === null) return false;
  const { code, category, message } = error as Partial<Record<keyof CategorizedError, unknown>>;
  return typeof code === "string" && typeof message === "string" && isErrorCategory(category);
}
