/**
 * What goes wrong between an attempt and the engine. None of these leaves the executor: they
 * end up in results.
 */
export class ImageUnavailableError extends Error {}

/** The engine does not answer, closed the connection, or never said how a wait ended. */
export class EngineLostError extends Error {}

/** The engine lacks what keeps tasks within their limits. */
export class EngineUnfitError extends Error {}

/** The attached stream is not what the engine's protocol says. */
export class BrokenStreamError extends Error {}

/** The HTTP status of an answer of the engine; undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { readonly statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === "number" ? status : undefined;
}

/** What the engine said, without the library's dressing. */
export function messageOf(error: unknown): string {
  const said = (error as { readonly json?: { readonly message?: unknown } } | undefined)?.json?.message;
  if (typeof said === "string") return said;
  return error instanceof Error ? error.message : String(error);
}

const SYSTEM_CALL_ERRORS = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE", "EACCES", "ETIMEDOUT", "EAGAIN"]);

/** Whether the engine may have done what it was asked, or may not. */
export function isLoss(error: unknown): boolean {
  if (error instanceof EngineLostError) return true;
  const { code = "" } = error as { readonly code?: string };
  return statusOf(error) === undefined && SYSTEM_CALL_ERRORS.has(code);
}
