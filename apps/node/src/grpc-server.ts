/**
 * The node's one gRPC port. It is open before the node is ready, because founding a cluster needs nodes to
 * tell each other who they are; until then the public services answer UNAVAILABLE and say what the node waits for.
 */
import { Server } from "@grpc/grpc-js";
import type { ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import { serverOptions, statusFromError } from "@coxswain/rpc";
import type { StatusResponse } from "@coxswain/rpc";
import type { Credentials } from "./tls.ts";

/** A service as generated, with its implementation. */
export interface Service {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** Between nodes one stream carries batches of log entries; larger than any request of a client. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** How long open calls may end by themselves when the server closes. */
const CLOSE_GRACE_MS = 1_000;

export class GrpcServer {
  readonly #server: Server;
  readonly #waitingFor: () => string;
  #address = "";

  constructor(waitingFor: () => string) {
    this.#server = new Server(serverOptions({ maxMessageBytes: MAX_MESSAGE_BYTES, maxStreamsPerConnection: 1_024 }));
    this.#waitingFor = waitingFor;
  }

  /** `host:port` as bound. */
  get address(): string {
    return this.#address;
  }

  /** @throws ListenError */
  async listen(address: string, credentials: Credentials): Promise<void> {
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, credentials.server, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(new ListenError(address, error));
      });
    });
    this.#address = `${address.slice(0, address.lastIndexOf(":"))}:${port}`;
  }

  serve({ definition, implementation }: Service): void {
    this.#server.removeService(definition);
    this.#server.addService(definition, implementation);
  }

  /** Serves UNAVAILABLE for every call of the services, until `serve` replaces them. */
  serveStarting(definitions: readonly ServiceDefinition[]): void {
    for (const definition of definitions) {
      const implementation: Record<string, UntypedHandleCall> = {};
      for (const [name, method] of Object.entries(definition))
        implementation[name] = method.responseStream ? this.#refuseStream : this.#refuseUnary;
      this.#server.addService(definition, implementation);
    }
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      const force = setTimeout(() => this.#server.forceShutdown(), CLOSE_GRACE_MS);
      this.#server.tryShutdown(() => {
        clearTimeout(force);
        resolve();
      });
    });
  }

  get #starting(): StatusResponse {
    return statusFromError(new NodeStartingError(this.#waitingFor()));
  }

  readonly #refuseUnary: UntypedHandleCall = (_call: unknown, callback: (error: object) => void) => callback(this.#starting);
  readonly #refuseStream: UntypedHandleCall = (call: { emit(event: "error", error: object): unknown }) =>
    void call.emit("error", this.#starting);
}

/** The node does not serve yet. */
export class NodeStartingError extends Error {
  readonly code = "NODE_STARTING";
  readonly category = "unavailable";

  constructor(waitingFor: string) {
    super(`The node is starting: ${waitingFor}. Try again in a moment.`);
    this.name = "NodeStartingError";
  }
}

/** The port cannot be listened on. */
export class ListenError extends Error {
  readonly code = "LISTEN_FAILED";
  readonly category = "unavailable";

  constructor(address: string, cause: Error) {
    super(`Cannot listen on ${address}: ${cause.message}. Is another node running there? Choose another --listen.`, { cause });
    this.name = "ListenError";
  }
}
