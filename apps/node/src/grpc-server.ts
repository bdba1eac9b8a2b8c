/**
 * The node's one gRPC port. It is open before the node is ready, because founding a cluster needs nodes to
 * tell each other who they are; until then the public services answer UNAVAILABLE and say what the node waits for.
 *
 * Behind the port stand two servers with the same services: one for clients, whose limits are the options', and one
 * for the other nodes, whom no client's load may keep out (G20).
 */
import { Server } from "@grpc/grpc-js";
import type { ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import { Acceptor, insecureServerCredentials, statusFromError } from "@coxswain/rpc";
import type { AcceptedConnection, AcceptorEvent, StatusResponse } from "@coxswain/rpc";
import { acceptorLimits, clientServerOptions, nodeServerOptions } from "./server-limits.ts";
import type { LimitOptions } from "./server-limits.ts";
import type { Credentials } from "./tls.ts";

/** A service as generated, with its implementation. */
export interface Service {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** How long open calls may end by themselves when the server closes. */
const CLOSE_GRACE_MS = 1_000;

/** How often connections are looked through for certificates that have expired. */
const REVALIDATE_MS = 60_000;

export interface GrpcServerOptions {
  readonly limits: LimitOptions;
  /** Undefined serves without TLS. */
  readonly material: Credentials["material"];
  /** Why the node is not ready. */
  readonly waitingFor: () => string;
  /** Told of connections that are refused or ended. */
  readonly onEvent: (event: AcceptorEvent) => void;
}

export class GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #forClients: Server;
  readonly #forNodes: Server;
  readonly #acceptor: Acceptor;
  #revalidation: NodeJS.Timeout | undefined;
  #address = "";

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    this.#forClients = new Server(clientServerOptions(options.limits));
    this.#forNodes = new Server(nodeServerOptions());
    // The acceptor has done the TLS, and gRPC reads the caller's certificate off the connection.
    const clients = this.#forClients.createConnectionInjector(insecureServerCredentials());
    const nodes = this.#forNodes.createConnectionInjector(insecureServerCredentials());
    const isNode = ({ peer }: AcceptedConnection): boolean => options.material === undefined || peer?.role === "node";
    this.#acceptor = new Acceptor({
      tls: options.material,
      limits: acceptorLimits(options.limits),
      onConnection: (connection) => (isNode(connection) ? nodes : clients).injectConnection(connection.socket),
      onEvent: options.onEvent,
    });
  }

  /** `host:port` as bound. */
  get address(): string {
    return this.#address;
  }

  /** @throws ListenError */
  async listen(address: string): Promise<void> {
    const colon = address.lastIndexOf(":");
    const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
    try {
      const port = await this.#acceptor.listen({ host, port: Number(address.slice(colon + 1)) });
      this.#address = `${address.slice(0, colon)}:${port}`;
    } catch (error) {
      throw new ListenError(address, error as Error);
    }
    this.#revalidation = setInterval(() => void this.#acceptor.revalidate(), REVALIDATE_MS).unref();
  }

  serve({ definition, implementation }: Service): void {
    for (const server of [this.#forClients, this.#forNodes]) {
      server.removeService(definition);
      server.addService(definition, implementation);
    }
  }

  /** Serves UNAVAILABLE for every call of the services, until `serve` replaces them. */
  serveStarting(definitions: readonly ServiceDefinition[]): void {
    for (const definition of definitions) {
      const implementation: Record<string, UntypedHandleCall> = {};
      for (const [name, method] of Object.entries(definition))
        implementation[name] = method.responseStream ? this.#refuseStream : this.#refuseUnary;
      this.serve({ definition, implementation });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#revalidation);
    this.#acceptor.stopListening();
    await Promise.all([this.#forClients, this.#forNodes].map(closed));
    this.#acceptor.close();
  }

  get #starting(): StatusResponse {
    return statusFromError(new NodeStartingError(this.#options.waitingFor()));
  }

  readonly #refuseUnary: UntypedHandleCall = (_call: unknown, callback: (error: object) => void) => callback(this.#starting);
  readonly #refuseStream: UntypedHandleCall = (call: { emit(event: "error", error: object): unknown }) =>
    void call.emit("error", this.#starting);
}

/** Calls that do not end in time are cut. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), CLOSE_GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
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
