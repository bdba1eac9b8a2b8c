import type { sendUnaryData } from "@grpc/grpc-js";
import { type HandlerOptions, type RecordedCall, failCall, recordResponse } from "./call-context.ts";

/** The one answer of a call that has no stream towards its client: a response, or the status for what `answer` threw. */
export function answerOnce<Response>(
  answer: () => Promise<Response>,
  call: RecordedCall,
  callback: sendUnaryData<Response>,
  options: HandlerOptions,
): void {
  answer().then(
    (response) => {
      recordResponse(response, call, options);
      callback(null, response);
    },
    (error: unknown) => {
      callback(failCall(error, call, options));
    },
  );
}
