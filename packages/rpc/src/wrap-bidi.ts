import type { ServerDuplexStream, handleBidiStreamingCall } from "@grpc/grpc-js";
import { type CallContext, type HandlerOptions, openCall, recordResponse } from "./call-context.ts";
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
      const answers = run(readMessages<Request>(call, context.signal), context);
      const responses = options.onAnswer === undefined ? answers : recorded(answers, call, options);
      if (await writeMessages(call, responses, context.signal)) call.end();
    };
    answer().catch((error: unknown) => {
      failStream(call, error, options);
    });
  };
}

async function* recorded<Request, Response>(
  responses: AsyncIterable<Response>,
  call: ServerDuplexStream<Request, Response>,
  options: HandlerOptions,
): AsyncGenerator<Response, void, undefined> {
  for await (const response of responses) {
    recordResponse(response, call, options);
    yield response;
  }
}
