import type { Readable } from "node:stream";

/** A call's incoming half, as far as reading needs it. */
export type MessageSource = Pick<Readable, "read" | "once" | "off" | "readableEnded" | "destroyed" | "errored">;

/**
 * The messages of a stream, one at a time, with the sender held back while none is asked for. Ends when the sender
 * ends, or when `signal` aborts. Unlike `for await` over the stream itself it leaves the stream whole when the loop
 * is left early, so that a duplex call can still answer.
 *
 * @throws whatever the stream fails with
 */
export async function* readMessages<T>(source: MessageSource, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  while (!signal.aborted) {
    const message = source.read() as T | null;
    if (message !== null) {
      yield message;
      continue;
    }
    if (source.errored) throw source.errored;
    if (source.readableEnded || source.destroyed) return;
    await readableOrOver(source, signal);
  }
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
