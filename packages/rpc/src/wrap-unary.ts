import type { handleUnaryCall } from "@grpc/grpc-js";
import { type CallContext, type HandlerOptions, failCall, openCall, recordResponse } from "./call-context.ts";

/** A grpc-js handler from an async function; whatever that throws becomes a status, never a crash. */
export function wrapUnary<Request, Response>(
  run: (request: Request, context: CallContext) => Promise<Response>,
  options: HandlerOptions = {},
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const answer = async (): Promise<Response> => await run(call.request, openCall(call, options));
    answer().then(
      (response) => {
        recordResponse(response, call, options);
        callback(null, response);
      },
      (error: unknown) => {
        callback(failCall(error, call, options));
      },
    );
  };
}
