import { Server } from "@grpc/grpc-js";
import type { ServerCredentials, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { serverOptions } from "@coxswain/rpc";

export interface RunningServer {
  readonly address: string;
  readonly server: Server;
  close(): void;
}

/** A real server on a port of its own. */
export async function startServer(
  credentials: ServerCredentials,
  services: readonly (readonly [ServiceDefinition, UntypedServiceImplementation])[],
): Promise<RunningServer> {
  const server = new Server(serverOptions());
  for (const [definition, implementation] of services) server.addService(definition, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    address: `127.0.0.1:${String(port)}`,
    server,
    close: () => {
      server.forceShutdown();
    },
  };
}
