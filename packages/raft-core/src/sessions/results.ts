import {
  SessionEntryError,
  SessionExpiredError,
  SessionResultNotKeptError,
  SessionSerialStaleError,
  SessionWindowFullError,
} from "./errors.ts";

/** How results are kept for repetitions. Both must be pure; `encode` must give every node equally many bytes. */
export interface ResultCodec<Result> {
  /** The result as bytes. */
  encode(result: Result): Uint8Array;
  /** The inverse of `encode`. */
  decode(bytes: Uint8Array): Result;
}

/** For results that JSON can write, and undefined. */
export function jsonResults<Result>(): ResultCodec<Result> {
  return {
    encode: (result) => new TextEncoder().encode(JSON.stringify(result)),
    decode: (bytes) =>
      (bytes.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(bytes))) as Result,
  };
}

/** Why an entry of a session was not applied. `resultNotKept`: it was, by an earlier copy. */
export type SessionRefusal =
  "sessionUnknown" | "serialStale" | "windowFull" | "resultNotKept" | "entryMalformed";

/** What comes of a log entry. */
export type SessionResult<Result> =
  /** The state machine's own result; `repeated` when an earlier copy was applied and this is what it gave. */
  | { readonly kind: "result"; readonly result: Result; readonly repeated: boolean }
  | { readonly kind: "registered"; readonly session: number; readonly maxOutstanding: number }
  /** The session is ended, or the limits are set. */
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly reason: SessionRefusal };

/**
 * The state machine's result, for callers who propose without a `Session`. Throws what a refusal means:
 * {@link SessionExpiredError}, {@link SessionSerialStaleError}, {@link SessionWindowFullError},
 * {@link SessionResultNotKeptError} or {@link SessionEntryError}.
 */
export function resultOrThrow<Result>(answer: SessionResult<Result>): Result {
  if (answer.kind === "result") return answer.result;
  if (answer.kind === "refused") throw refusalError(answer.reason);
  throw new SessionEntryError(
    `The entry did not speak to the state machine; it was answered "${answer.kind}".`,
  );
}

/** What a refusal means. `mayHaveBeenApplied`: whether an earlier copy was sent whose end is not known. */
export function refusalError(reason: SessionRefusal, mayHaveBeenApplied = true): Error {
  switch (reason) {
    case "sessionUnknown":
      return new SessionExpiredError(mayHaveBeenApplied);
    case "serialStale":
      return new SessionSerialStaleError(
        "The session has said that it knows how this serial ended. Nothing was applied now. Do not share a session between clients.",
      );
    case "windowFull":
      return new SessionWindowFullError(
        "The serial lies too far beyond the session's first unanswered one. Try again when earlier ones were answered.",
      );
    case "resultNotKept":
      return new SessionResultNotKeptError(
        "The proposal was applied, once; its result was too large to keep. Read the state, or raise maxResultBytes for the next.",
      );
    case "entryMalformed":
      return new SessionEntryError("The entry cannot be read by this release. Nothing was applied.");
  }
}
