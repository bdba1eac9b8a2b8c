import { ExecutorError } from "@coxswain/executor";
import type { ErrorType, TaskResult } from "@coxswain/executor";
import { errors } from "undici";

export type Ending = Omit<TaskResult, "startedAtMs" | "endedAtMs">;
/** Who ended the attempt from outside; the first one counts. */
export type Cause = "timeout" | "stop";

/** The response as far as it came. */
export interface Head {
  readonly httpStatus: number;
  readonly responseTimeMs: number;
}

/** The response arrived; its status decides. */
export function endingOfStatus(head: Head): Ending {
  const { httpStatus } = head;
  if (httpStatus >= 200 && httpStatus < 300) return { ...head, outcome: "succeeded", retryable: false };
  if (httpStatus >= 300 && httpStatus < 400) {
    return endingOfRedirect(head, "redirects are not followed here");
  }
  return failed(errorTypeOfStatus(httpStatus), `The target answered ${httpStatus}.`, head);
}

/** Whose fault it is: the request's, the target's, or who knows. */
function errorTypeOfStatus(httpStatus: number): ErrorType {
  if (httpStatus >= 400 && httpStatus < 500) return "HTTP_4XX";
  return httpStatus >= 500 && httpStatus < 600 ? "HTTP_5XX" : "HTTP";
}

/** @param reason why the redirect was not followed */
export function endingOfRedirect(head: Head, reason: string): Ending {
  return failed("REDIRECT", `The target redirects (${head.httpStatus}): ${reason}; use the final URL.`, head);
}

/** It was ended from outside, before or after the head of the response. */
export function endingOfCause(cause: Cause, timeoutMs: number, head: Head | undefined): Ending {
  if (cause === "stop") {
    return { ...head, outcome: "stopped", errorType: "STOPPED", errorMessage: "Stopped on request.", retryable: false };
  }
  const errorType = head ? "BODY" : "TIMEOUT";
  const what = head ? "The response's body had not ended" : "No response";
  return { ...head, outcome: "timedOut", errorType, errorMessage: `${what} after ${timeoutMs} ms.`, retryable: true };
}

/** It failed by itself. */
export function endingOfError(error: unknown, head: Head | undefined): Ending {
  const message = messageOf(error);
  if (head) return failed("BODY", `The response's body broke off: ${message}`, head);
  return failed(errorTypeOf(error), message, undefined);
}

function failed(errorType: ErrorType, errorMessage: string, head: Head | undefined): Ending {
  return { ...head, outcome: "failed", errorType, errorMessage, retryable: errorType !== "TARGET_REFUSED" };
}

/** The one table from Node's and undici's codes to ours. */
function errorTypeOf(error: unknown): ErrorType {
  if (error instanceof ExecutorError && error.code === "TARGET_REFUSED") return "TARGET_REFUSED";
  const { code = "", syscall } = error as Partial<NodeJS.ErrnoException>;
  if (syscall === "getaddrinfo" || code === "ENOTFOUND" || code.startsWith("EAI_")) return "DNS";
  if (isTls(error, code)) return "TLS";
  if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) return "HTTP";
  return "CONNECTION";
}

const TLS_CODE = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|EPROTO$)/;

function isTls(error: unknown, code: string): boolean {
  return TLS_CODE.test(code) || (error as { library?: unknown }).library === "SSL routines";
}

/** Several addresses that all failed come as one error without a message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
