import { type Client, Metadata, type MethodDefinition, type ServiceError } from "@grpc/grpc-js";
import { errorFromStatus } from "@coxswain/rpc";

/**
 * The messages of a server stream; cancels the call when the loop over them is left early.
 *
 * @throws RemoteError
 */
export async function* streamMessages<Request, Response>(
  client: Client,
  method: MethodDefinition<Request, Response>,
  request: Request,
): AsyncGenerator<Response, void, undefined> {
  const { path, requestSerialize, responseDeserialize } = method;
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, new Metadata());
  let done = false;
  try {
    for await (const message of call) yield message as Response;
    done = true;
  } catch (error) {
    done = true;
    throw isServiceError(error) ? errorFromStatus(error) : error;
  } finally {
    if (!done) {
      // The cancellation comes back as an error event, which would end the process if nobody listened.
      call.on("error", () => undefined);
      call.cancel();
    }
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}
