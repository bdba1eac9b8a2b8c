import { errorFromStatus } from "@coxswain/rpc";
import type { RemoteError } from "@coxswain/rpc";
import { Metadata } from "@grpc/grpc-js";
import type { CallOptions, ClientReadableStream, ClientUnaryCall, ServiceError } from "@grpc/grpc-js";

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** A unary call as a promise. */
export function ask<Request, Response>(
  method: Method<Request, Response>,
  request: Request,
  metadata: Metadata = new Metadata(),
  options: Partial<CallOptions> = {},
): Promise<Response> {
  return new Promise((resolve, reject) => {
    method(request, metadata, options, (error, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
  });
}

/** The status that a call fails with. */
export async function failure(
  promise: Promise<unknown>,
): Promise<ServiceError & { readonly typed: RemoteError }> {
  const error = await promise.then(
    (value) => {
      throw new Error(`should have failed, but gave ${JSON.stringify(value)}`);
    },
    (reason: unknown) => reason as ServiceError,
  );
  return Object.assign(error, { typed: errorFromStatus(error) });
}

/** All messages of a stream, or the status it fails with. */
export function collect<T>(stream: ClientReadableStream<T>): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const messages: T[] = [];
    stream.on("data", (message: T) => messages.push(message));
    stream.on("error", reject);
    stream.on("end", () => {
      resolve(messages);
    });
  });
}

/** Resolves once `condition` holds; looks again after each turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
