/**
 * From an identity on disk to a place in a cluster, in one call: a server that says who this node is, the founding, and
 * the transport that both then serve.
 */
import { randomUUID } from "node:crypto";
import type { ServerCredentials } from "@grpc/grpc-js";
import { Server } from "@grpc/grpc-js";
import type { FoundedIdentity, FoundOrJoinOptions, Identity, Member } from "@coxswain/raft-core";
import { describeIdentity, foundOrJoin } from "@coxswain/raft-core";
import { serverOptions } from "@coxswain/rpc";
import { ListenError } from "./errors.ts";
import type { GrpcTransportOptions } from "./grpc-transport.ts";
import { GrpcTransport } from "./grpc-transport.ts";
import { identifyPeer } from "./identify.ts";
import type { RaftServiceOptions } from "./service.ts";
import { raftService } from "./service.ts";

/** What {@link joinCluster} needs: who is who, what the disk says, and the credentials of both directions. */
export interface JoinClusterOptions
  extends
    Pick<FoundOrJoinOptions, "self" | "peers" | "identity" | "store" | "signal" | "onWaiting">,
    Pick<RaftServiceOptions, "insecurePeer" | "authorizeMember" | "onError">,
    Pick<GrpcTransportOptions, "credentials" | "settings" | "onEvent"> {
  readonly serverCredentials: ServerCredentials;
  /** Where to listen, `host:port`. Default: the address of `self`, by which the others reach it. */
  readonly listen?: string;
  /** How long to wait before a peer that did not answer is asked again. Default 200. */
  readonly retryMs?: number;
}

/** A node's place in its cluster. */
export interface JoinedCluster {
  readonly identity: FoundedIdentity;
  /** The founding members, at the addresses that `self` and `peers` give them now. */
  readonly members: readonly Member[];
  readonly transport: GrpcTransport;
  /** Listens already; other services may be added to it. */
  readonly server: Server;
  /** Closes the transport and ends the server at once. Stop the Raft node first. */
  close(): Promise<void>;
}

/**
 * Listens, and resolves once this node belongs to a cluster: founded with all peers, or as saved. Rejects with a
 * `FoundingError` where it may not take part, with {@link ListenError} where the port is taken, and with nothing left
 * open. `peers` is every other founding member; the one with the lowest id founds (G1).
 */
export async function joinCluster(options: JoinClusterOptions): Promise<JoinedCluster> {
  const { self, peers } = options;
  const member: { saved: Identity; transport?: GrpcTransport } = { saved: options.identity };
  const server = await listen(options, member);
  try {
    const identity = await foundOrJoin({
      ...options,
      // Others are told what is durable, and no sooner.
      store: {
        load: () => options.store.load(),
        save: async (next) => {
          await options.store.save(next);
          member.saved = next;
        },
      },
      identify: (peer) =>
        identifyPeer(peer.address, options.credentials(), {
          nodeId: self.id,
          nodeUuid: options.identity.nodeUuid,
        }),
      wait: () => new Promise((resolve) => setTimeout(resolve, options.retryMs ?? 200)),
      newClusterId: randomUUID,
    });
    const addresses = new Map([self, ...peers].map(({ id, address }) => [id, address]));
    const members = identity.members.map((each) => ({
      ...each,
      address: addresses.get(each.id) ?? each.address,
    }));
    const transport = new GrpcTransport({
      ...options,
      self: { id: self.id, uuid: identity.nodeUuid, clusterId: identity.clusterId },
      members,
    });
    member.transport = transport;
    return { identity, members, transport, server, close: () => close(transport, server) };
  } catch (error) {
    server.forceShutdown();
    throw error;
  }
}

async function listen(
  options: JoinClusterOptions,
  member: { readonly saved: Identity; readonly transport?: GrpcTransport },
): Promise<Server> {
  const { self, peers } = options;
  const configured = [self, ...peers].map(({ id }) => id);
  const { definition, implementation } = raftService({
    ...options,
    identity: () => describeIdentity(member.saved, { id: self.id, configured }),
    transport: () => member.transport,
  });
  const server = new Server(serverOptions());
  server.addService(definition, implementation);
  const address = options.listen ?? self.address;
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, options.serverCredentials, (error) =>
      error ? reject(new ListenError(address, error)) : resolve(),
    );
  });
  return server;
}

async function close(transport: GrpcTransport, server: Server): Promise<void> {
  await transport.close();
  server.forceShutdown();
}
