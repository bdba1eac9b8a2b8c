/** Nodes on loopback, each with a real gRPC server. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { ChannelCredentials } from "@grpc/grpc-js";
import type { Member, PeerIdentity } from "@coxswain/raft-core";
import { insecureChannelCredentials, localNode } from "@coxswain/rpc";
import type { GrpcTransportOptions, RaftServiceOptions, TransportEvent } from "../src/index.ts";
import { GrpcTransport, raftServiceImplementation } from "../src/index.ts";
import { RaftServiceService } from "../src/gen/raft/v1/raft.ts";

export const CLUSTER = "cluster-1";

export function member(id: number, address: string): Member {
  return { id, uuid: `uuid-${id}`, address };
}

export function identityOf(id: number): PeerIdentity {
  return { id, uuid: `uuid-${id}`, clusterId: CLUSTER, members: [member(1, "a:1"), member(2, "b:2")], configured: [1, 2] };
}

/** A server on a free port, or on the port given. */
export class Pier {
  readonly server: Server = new Server();
  port = 0;
  transport: GrpcTransport | undefined;

  constructor(id: number, options: Partial<RaftServiceOptions> = {}) {
    const implementation = raftServiceImplementation({
      identity: () => identityOf(id),
      transport: () => this.transport,
      insecurePeer: localNode,
      ...options,
    });
    this.server.addService(RaftServiceService, implementation);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async listen(port = 0, credentials: ServerCredentials = ServerCredentials.createInsecure()): Promise<this> {
    this.port = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    return this;
  }

  close(): void {
    this.server.forceShutdown();
  }
}

/** A transport whose events can be awaited. */
export class Ship {
  readonly events: TransportEvent[] = [];
  readonly transport: GrpcTransport;
  #wake: (() => void) | undefined;

  constructor(id: number, members: Member[], options: Partial<GrpcTransportOptions> = {}) {
    this.transport = new GrpcTransport({
      self: { id, uuid: `uuid-${id}`, clusterId: CLUSTER },
      members,
      credentials: (): ChannelCredentials => insecureChannelCredentials(),
      onEvent: (event) => {
        this.events.push(event);
        this.#wake?.();
      },
      ...options,
    });
  }

  /** The first event of the type, from the `from`th on; waits for it. */
  async event<T extends TransportEvent["type"]>(type: T, from = 0): Promise<Extract<TransportEvent, { type: T }>> {
    for (;;) {
      const found = this.events.slice(from).find((event) => event.type === type);
      if (found) return found as Extract<TransportEvent, { type: T }>;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
