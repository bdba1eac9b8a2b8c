import type { ServerWritableStream, handleServerStreamingCall } from "@grpc/grpc-js";
import { type CallContext, type HandlerOptions, failCall, openCall } from "./call-context.ts";
import { writeMessages } from "./write-messages.ts";

/**
 * As `wrapUnary`, for one request and many responses, written as fast as the client takes them. When the client is
 * gone the responses are told to return; a source that waits must heed `context.signal`.
 */
export function wrapServerStream<Request, Response>(
  run: (request: Request, context: CallContext) => AsyncIterable<Response>,
  options: HandlerOptions = {},
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const answer = async (): Promise<void> => {
      const context = openCall(call, options);
      if (await writeMessages(call, run(call.request, context), context.signal)) call.end();
    };
    answer().catch((error: unknown) => {
      failStream(call, error, options);
    });
  };
}

/** Ends a streaming call with a status. `call.destroy(error)` would never reach the client. */
export function failStream(
  call: Pick<
    ServerWritableStream<unknown, unknown>,
    "cancelled" | "destroyed" | "writableEnded" | "emit" | "getPath" | "getPeer" | "getAuthContext"
  >,
  error: unknown,
  options: HandlerOptions,
): void {
  const response = failCall(error, call, options);
  if (call.cancelled || call.destroyed || call.writableEnded) return;
  call.emit("error", response);
}
