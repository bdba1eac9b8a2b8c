/**
 * Asks a node who it is, and answers when asked.
 */
import type { ChannelCredentials } from "@grpc/grpc-js";
import { Metadata } from "@grpc/grpc-js";
import type { NodeId, PeerIdentity } from "@coxswain/raft-core";
import { channelOptions, errorFromStatus } from "@coxswain/rpc";
import type { IdentifyResponse } from "./gen/raft/v1/raft.ts";
import { RaftServiceClient } from "./gen/raft/v1/raft.ts";
import { SeverableCredentials } from "./severable-credentials.ts";

/** Who asks. */
export interface IdentifyPeerRequest {
  readonly nodeId: NodeId;
  readonly nodeUuid: string;
}

/** Resolves with the node's answer; rejects with a `RemoteError` when none came within `timeoutMs` (default 2 s). */
export async function identifyPeer(
  address: string,
  credentials: ChannelCredentials,
  request: IdentifyPeerRequest,
  options: { readonly timeoutMs?: number } = {},
): Promise<PeerIdentity> {
  const client = new RaftServiceClient(address, new SeverableCredentials(credentials), channelOptions({ ownConnection: true }));
  try {
    const response = await new Promise<IdentifyResponse>((resolve, reject) => {
      const deadline = Date.now() + (options.timeoutMs ?? 2_000);
      client.identify({ ...request }, new Metadata(), { deadline }, (error, answer) => (error ? reject(errorFromStatus(error)) : resolve(answer)));
    });
    return fromIdentifyResponse(response);
  } finally {
    client.close();
  }
}

export function toIdentifyResponse(identity: PeerIdentity): IdentifyResponse {
  return {
    nodeId: identity.id,
    nodeUuid: identity.uuid,
    clusterId: identity.clusterId ?? "",
    members: identity.members.map((member) => ({ ...member })),
    configured: [...identity.configured],
  };
}

function fromIdentifyResponse(response: IdentifyResponse): PeerIdentity {
  return {
    id: response.nodeId,
    uuid: response.nodeUuid,
    ...(response.clusterId === "" ? {} : { clusterId: response.clusterId }),
    members: response.members,
    configured: response.configured,
  };
}
