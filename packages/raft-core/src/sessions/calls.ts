import { ProposalDroppedError } from "../node/errors.ts";
import { Delivery, type DeliveryParts } from "./delivery.ts";
import { encodeSessionEntry, type SessionEntry } from "./entry.ts";
import { SessionEntryError } from "./errors.ts";
import type { SessionResult } from "./results.ts";

/** Has an entry applied that bears no serial, because to apply it twice does no harm. */
export async function deliverUnnumbered<Result>(
  parts: DeliveryParts<Result>,
  entry: SessionEntry,
  signal: AbortSignal | undefined,
): Promise<SessionResult<Result>> {
  if (signal?.aborted === true) throw givenUp(signal);
  const delivery = new Delivery(parts, () => encodeSessionEntry(entry));
  const forgetSignal = signal && onAbort(signal, () => delivery.stop(givenUp(signal)));
  try {
    return await delivery.run();
  } finally {
    forgetSignal?.();
  }
}

/** Returns the function that forgets the listener. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

/** What a caller hears who gave up in time. */
export function givenUp(signal: AbortSignal): ProposalDroppedError {
  return new ProposalDroppedError(
    "The caller stopped waiting before the proposal had any effect; it never will.",
    {
      cause: signal.reason,
    },
  );
}

/** Sessions end with it that no cluster of this release would answer so. */
export function unexpected(answer: SessionResult<unknown>): SessionEntryError {
  return new SessionEntryError(
    `The cluster answered "${answer.kind}" to an entry of a session. Wrap its state machine with withSessions, of this release.`,
  );
}
