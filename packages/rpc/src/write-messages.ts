import type { Writable } from "node:stream";

/** A call's outgoing half, as far as writing needs it. */
export interface MessageSink<T> extends Pick<Writable, "once" | "off"> {
  /** False when the receiver is slow: wait for `drain`. */
  write(message: T): boolean;
}

/**
 * Writes every message of `source`, waiting whenever the receiver is slow. Returns early when `signal` aborts: after
 * a client cancels, `drain` never fires, and a source that waits for news may never give another message.
 *
 * grpc-js serializes a message only when it is sent: give messages whose buffers nobody writes to any more.
 *
 * @returns whether the source was written to its end
 */
export async function writeMessages<T>(
  sink: MessageSink<T>,
  source: AsyncIterable<T>,
  signal: AbortSignal,
): Promise<boolean> {
  const messages = source[Symbol.asyncIterator]();
  try {
    while (!signal.aborted) {
      const next = await nextUnlessAborted(messages, signal);
      if (next === undefined) return false;
      if (next.done === true) return true;
      if (!sink.write(next.value)) await drained(sink, signal);
    }
    return false;
  } finally {
    // Not awaited: a generator finishes its pending step first, which may be a wait that only the signal ends.
    if (signal.aborted) Promise.resolve(messages.return?.()).catch(() => undefined);
  }
}

/** One listener for each step: racing every step against one long-lived promise would keep a reaction for each message. */
function nextUnlessAborted<T>(
  messages: AsyncIterator<T>,
  signal: AbortSignal,
): Promise<IteratorResult<T> | undefined> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      resolve(undefined);
    };
    signal.addEventListener("abort", abort);
    messages
      .next()
      .then(resolve, reject)
      .finally(() => {
        signal.removeEventListener("abort", abort);
      });
  });
}

/** Resolves when `sink` takes messages again, or is over, or `signal` aborts. */
export function drained(sink: Pick<Writable, "once" | "off">, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      for (const event of ["drain", "close", "error"]) sink.off(event, wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    for (const event of ["drain", "close", "error"]) sink.once(event, wake);
    signal.addEventListener("abort", wake);
    if (signal.aborted) wake();
  });
}
