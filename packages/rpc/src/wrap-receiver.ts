import type { handleBidiStreamingCall } from "@grpc/grpc-js";
import { type CallContext, type HandlerOptions, openCall } from "./call-context.ts";
import { failStream } from "./wrap-server-stream.ts";

/** The answering half of a call whose requests are pushed. */
export interface ResponseSink<Response> {
  /** For few and small responses: the receiver's speed is not heeded. */
  send(response: Response): void;
  /** Ends the call with the status for `error`. */
  fail(error: unknown): void;
}

/** What takes the requests of one call. */
export interface RequestReceiver<Request> {
  /** Called for each request as it arrives; a throw ends the call with its status. */
  receive(request: Request): void;
  /** The call is over, for whatever reason. Called once, and last. */
  close(): void;
}

/**
 * As `wrapBidi`, with the requests pushed rather than pulled: no promise and no listener for each of them, for streams on
 * which every microsecond counts. The sender is never held back, so `receive` must be done when it returns.
 */
export function wrapReceiver<Request, Response>(
  open: (context: CallContext, sink: ResponseSink<Response>) => RequestReceiver<Request>,
  options: HandlerOptions = {},
): handleBidiStreamingCall<Request, Response> {
  return (call) => {
    let receiver: RequestReceiver<Request> | undefined;
    let isOver = false;
    const close = (): void => {
      if (isOver) return;
      isOver = true;
      receiver?.close();
    };
    const fail = (error: unknown): void => {
      if (isOver) return;
      close();
      failStream(call, error, options);
    };
    const guarded = (action: () => void): void => {
      if (isOver) return;
      try {
        action();
      } catch (error) {
        fail(error);
      }
    };
    call.on("error", close);
    call.on("cancelled", close);
    guarded(() => {
      receiver = open(openCall(call, options), { send: (response) => void call.write(response), fail });
      // It may have failed while it was opened, before there was anything to close.
      if (isOver) receiver.close();
    });
    call.on("data", (request: Request) => {
      guarded(() => receiver?.receive(request));
    });
    call.on("end", () => {
      if (isOver) return;
      close();
      call.end();
    });
  };
}
