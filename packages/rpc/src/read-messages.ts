import type { Readable } from "node:stream";
import { CallCancelledError } from "./errors.ts";

/** A call's incoming half, as far as reading needs it. */
export type MessageSource = Pick<
  Readable,
  "read" | "once" | "off" | "readableEnded" | "destroyed" | "errored"
>;

/**
 * The messages of a stream, one at a time, with the sender held back while none is asked for. Unlike `for await` over
 * the stream itself it leaves the stream whole when the loop is left early, so that a duplex call can still answer.
 *
 * @throws CallCancelledError when `signal` aborts before the sender's end: what was read is not the whole
 * @throws whatever the stream fails with
 */
export async function* readMessages<T>(
  source: MessageSource,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  while (true) {
    if (signal.aborted) throw new CallCancelledError();
    const message = source.read() as T | null;
    if (message !== null) {
      yield message;
      continue;
    }
    if (source.errored) throw source.errored;
    if (source.readableEnded || source.destroyed) break;
    await readableOrOver(source, signal);
  }
  // A client that cancels looks to grpc-js as if it had ended its half; the cancellation comes a few ticks later.
  await new Promise((resolve) => setImmediate(resolve));
  if (signal.aborted) throw new CallCancelledError();
}

const wakingEvents = ["readable", "end", "close", "error"] as const;

function readableOrOver(source: MessageSource, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      for (const event of wakingEvents) source.off(event, wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    for (const event of wakingEvents) source.once(event, wake);
    signal.addEventListener("abort", wake);
  });
}
