/** Connections to the other nodes, by node and by purpose. */
import { InternalServiceClient } from "@coxswain/protocol";
import { channelOptions } from "@coxswain/rpc";
import type { ChannelSettings } from "@coxswain/rpc";
import type { ChannelCredentials } from "@grpc/grpc-js";
import { LinkClosedError, PeerAddressUnknownError } from "./errors.ts";

/**
 * What a connection is for. Each purpose has connections of its own (G20): a page of a long list must not hold up a
 * lease, nor a lease's connection count for anything else.
 */
export type LinkPurpose = "calls" | "leases" | "output" | "streams";

/** All streams to one node share it; what is more waits at that node, in its ring. */
const STREAM_WINDOW_BYTES = 256 * 1024;

export interface NodeClientsOptions {
  /** Where a node is reached now, `host:port`; undefined when unknown. A change takes effect with the next call. */
  readonly addressOf: (nodeId: number) => string | undefined;
  /** Asked for each new connection, so that renewed certificates are used. */
  readonly credentials: () => ChannelCredentials;
  /** Default: those of `openChannel`, 8 MiB messages, a connection of its own. */
  readonly channel?: ChannelSettings;
}

/** Opened when first used and kept; closed by `close()`. */
export class NodeClients {
  readonly #options: NodeClientsOptions;
  readonly #clients = new Map<string, { readonly address: string; readonly client: InternalServiceClient }>();
  #closed = false;

  constructor(options: NodeClientsOptions) {
    this.#options = options;
  }

  /** @throws PeerAddressUnknownError, LinkClosedError */
  client(nodeId: number, purpose: LinkPurpose): InternalServiceClient {
    if (this.#closed) throw new LinkClosedError();
    const address = this.#options.addressOf(nodeId);
    if (address === undefined || address === "") throw new PeerAddressUnknownError(nodeId);
    const key = `${String(nodeId)}/${purpose}`;
    const open = this.#clients.get(key);
    if (open?.address === address) return open.client;
    open?.client.close();
    const client = this.#connect(address, purpose);
    this.#clients.set(key, { address, client });
    return client;
  }

  /** Closes every connection, so that the next use opens one with new credentials. Calls under way go on. */
  renew(): void {
    for (const { client } of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  /** Closes every connection for good. May be called twice. */
  close(): void {
    this.#closed = true;
    this.renew();
  }

  #connect(address: string, purpose: LinkPurpose): InternalServiceClient {
    const { credentials, channel } = this.#options;
    const window = purpose === "streams" ? { flowControlWindowBytes: STREAM_WINDOW_BYTES } : {};
    const settings = { maxMessageBytes: 8 * 1024 * 1024, ...window, ...channel, ownConnection: true };
    return new InternalServiceClient(address, credentials(), channelOptions(settings));
  }
}
