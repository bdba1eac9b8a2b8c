import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { type CategorizedError, errorFromStatus } from "@coxswain/rpc";
import { clientError } from "./errors.ts";

/** The messages of a call that has begun to answer; resolves when the first one, or the end, is there. */
export async function startedMessages<T>(
  call: ClientReadableStream<T>,
): Promise<AsyncGenerator<T, void, undefined>> {
  const messages = messagesOf(call);
  const first = await messages.next();
  return (async function* () {
    try {
      for (let next = first; next.done !== true; next = await messages.next()) yield next.value;
    } finally {
      await messages.return();
    }
  })();
}

/** Cancels the call when the loop over it is left early. */
async function* messagesOf<T>(call: ClientReadableStream<T>): AsyncGenerator<T, void, undefined> {
  let over = false;
  try {
    for await (const message of call) yield message as T;
    over = true;
  } catch (error) {
    over = true;
    throw error;
  } finally {
    if (!over) {
      // The cancellation comes back as an error event, which would end the process if nobody listened.
      call.on("error", () => undefined);
      call.cancel();
    }
  }
}

/** What the failure of a stream means. */
export function streamFailure(error: unknown): CategorizedError & Error {
  return isServiceError(error) ? errorFromStatus(error) : clientError(error);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}
