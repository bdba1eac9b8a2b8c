/** One request and one answer, as a promise. */
import { errorFromStatus } from "@coxswain/rpc";
import { Metadata } from "@grpc/grpc-js";
import type { CallOptions, ClientUnaryCall, ServiceError } from "@grpc/grpc-js";

export interface UnaryCallOptions {
  /** The call fails when it takes longer; the other side is told. */
  readonly timeoutMs: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

type Start<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** @param start a method of a generated client, bound to it */
export function unaryCall<Request, Response>(
  start: Start<Request, Response>,
  request: Request,
  { timeoutMs, signal }: UnaryCallOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const call = start(request, new Metadata(), { deadline: Date.now() + timeoutMs }, (error, response) => {
      signal?.removeEventListener("abort", cancel);
      if (error === null) resolve(response);
      else reject(errorFromStatus(error));
    });
    const cancel = (): void => {
      call.cancel();
    };
    signal?.addEventListener("abort", cancel, { once: true });
    if (signal?.aborted === true) cancel();
  });
}
