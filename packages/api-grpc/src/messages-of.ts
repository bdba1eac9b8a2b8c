/** The messages of a server's stream, one at a time. */
import { errorFromStatus } from "@coxswain/rpc";
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";

/** What ends a stream before its messages do. */
export interface StreamEnds {
  readonly signal: AbortSignal;
  /** How long the server may take to say that it is there at all; one that is stopped takes connections, and never does. */
  readonly answerMs: number;
}

/**
 * Opens the stream at the first `next` and cancels it when it is left early, or when the signal aborts; then it rejects
 * with the signal's reason. What is not taken is not read either, beyond a few messages.
 *
 * @throws RemoteError
 */
export async function* messagesOf<T>(
  open: () => ClientReadableStream<T>,
  { signal, answerMs }: StreamEnds,
): AsyncGenerator<T, void, undefined> {
  signal.throwIfAborted();
  const stream = open();
  // A cancellation comes back as an error event, which would end the process if nobody listened any more.
  stream.on("error", () => {});
  const cancel = (): void => {
    stream.cancel();
  };
  signal.addEventListener("abort", cancel);
  const overdue = setTimeout(cancel, answerMs);
  stream.once("metadata", () => {
    clearTimeout(overdue);
  });
  try {
    for await (const message of stream) yield message as T;
  } catch (error) {
    signal.throwIfAborted();
    throw isServiceError(error) ? errorFromStatus(error) : error;
  } finally {
    clearTimeout(overdue);
    signal.removeEventListener("abort", cancel);
    // Harmless to what has ended.
    stream.cancel();
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}
