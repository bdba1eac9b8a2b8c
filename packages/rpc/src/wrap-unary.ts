import type { handleUnaryCall } from "@grpc/grpc-js";
import { answerOnce } from "./answer-once.ts";
import { type CallContext, type HandlerOptions, openCall } from "./call-context.ts";

/** A grpc-js handler from an async function; whatever that throws becomes a status, never a crash. */
export function wrapUnary<Request, Response>(
  run: (request: Request, context: CallContext) => Promise<Response>,
  options: HandlerOptions = {},
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    answerOnce(async () => await run(call.request, openCall(call, options)), call, callback, options);
  };
}
