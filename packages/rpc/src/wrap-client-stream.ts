import type { handleClientStreamingCall } from "@grpc/grpc-js";
import { answerOnce } from "./answer-once.ts";
import { type CallContext, type HandlerOptions, openCall } from "./call-context.ts";
import { readMessages } from "./read-messages.ts";

/** As `wrapUnary`, for many requests and one response. The requests end with
 * CallCancelledError when the client goes away before its last one. */
export function wrapClientStream<Request, Response>(
  run: (requests: AsyncGenerator<Request, void, undefined>, context: CallContext) => Promise<Response>,
  options: HandlerOptions = {},
): handleClientStreamingCall<Request, Response> {
  return (call, callback) => {
    // Failures are read from the stream's state; without a listener the event alone would end the process.
    call.on("error", () => undefined);
    const answer = async (): Promise<Response> => {
      const context = openCall(call, options);
      return await run(readMessages<Request>(call, context.signal), context);
    };
    answerOnce(answer, call, callback, options);
  };
}
