/** Callers of a node's services, and handshakes without any gRPC around them. */
import tls from "node:tls";
import type { Client, Metadata } from "@grpc/grpc-js";
import { ClusterServiceClient, InternalServiceClient, JobWorkerClient, SchedulerServiceClient } from "@coxswain/protocol";
import { channelCredentials, channelOptions, errorFromStatus } from "@coxswain/rpc";
import type { RemoteError, StatusLike, TlsMaterial } from "@coxswain/rpc";

const MESSAGE_BYTES = 64 * 1024 * 1024;

export class Caller {
  readonly scheduler: SchedulerServiceClient;
  readonly cluster: ClusterServiceClient;
  readonly internal: InternalServiceClient;
  readonly worker: JobWorkerClient;

  constructor(address: string, material: TlsMaterial) {
    const options = channelOptions({ ownConnection: true, maxMessageBytes: MESSAGE_BYTES });
    const make = <C extends Client>(constructor: new (address: string, credentials: ReturnType<typeof channelCredentials>, options: object) => C): C =>
      new constructor(address, channelCredentials(material), options);
    this.scheduler = make(SchedulerServiceClient);
    this.cluster = make(ClusterServiceClient);
    this.internal = make(InternalServiceClient);
    this.worker = make(JobWorkerClient);
  }

  close(): void {
    for (const client of [this.scheduler, this.cluster, this.internal, this.worker]) client.close();
  }
}

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: StatusLike | null, response: Response) => void,
) => unknown;

/** The answer, or the error that it was refused with. */
export function ask<Request, Response>(call: Unary<Request, Response>, request: Request, metadata: Metadata): Promise<Response> {
  return new Promise((resolve, reject) => {
    call(request, metadata, { deadline: Date.now() + 20_000 }, (error, response) => {
      if (error === null) resolve(response);
      else reject(errorFromStatus(error));
    });
  });
}

export const refusal = (answer: Promise<unknown>): Promise<RemoteError> =>
  answer.then(
    () => {
      throw new Error("it was answered");
    },
    (error: unknown) => error as RemoteError,
  );

/** Resolves with what the server made of a handshake: it speaks HTTP/2 first, and only to those it accepts. */
export async function handshake(address: string, options: tls.ConnectionOptions): Promise<"accepted" | "refused"> {
  const socket = dial(address, options);
  try {
    return await new Promise((resolve) => {
      socket.once("error", () => resolve("refused"));
      socket.once("close", () => resolve("refused"));
      socket.once("data", () => resolve("accepted"));
    });
  } finally {
    socket.destroy();
  }
}

export function dial(address: string, options: tls.ConnectionOptions): tls.TLSSocket {
  const [host, port] = address.split(":");
  const socket = tls.connect({ host: host ?? "", port: Number(port), ALPNProtocols: ["h2"], ...options });
  socket.on("error", () => {});
  return socket;
}
