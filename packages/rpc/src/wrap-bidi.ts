import type { handleBidiStreamingCall } from "@grpc/grpc-js";
import { type CallContext, type HandlerOptions, openCall } from "./call-context.ts";
import { readMessages } from "./read-messages.ts";
import { failStream } from "./wrap-server-stream.ts";
import { writeMessages } from "./write-messages.ts";

/** As `wrapServerStream`, with the requests as a stream of their own. */
export function wrapBidi<Request, Response>(
  run: (requests: AsyncGenerator<Request, void, undefined>, context: CallContext) => AsyncIterable<Response>,
  options: HandlerOptions = {},
): handleBidiStreamingCall<Request, Response> {
  return (call) => {
    const answer = async (): Promise<void> => {
      const context = openCall(call, options);
      const responses = run(readMessages<Request>(call, context.signal), context);
      if (await writeMessages(call, responses, context.signal)) call.end();
    };
    answer().catch((error: unknown) => {
      failStream(call, error, options);
    });
  };
}
