/**
 * The client's end of one `Messages` stream, on a connection of its own.
 */
import type { ChannelCredentials } from "@grpc/grpc-js";
import { Client } from "@grpc/grpc-js";
import type { ChannelSettings, StatusLike } from "@coxswain/rpc";
import { channelOptions } from "@coxswain/rpc";
import { MessageAck, MessageBatch, RaftServiceService } from "./gen/raft/v1/raft.ts";
import type { Handshake } from "./gen/raft/v1/raft.ts";
import { SeverableCredentials } from "./severable-credentials.ts";

export interface MessageStreamEvents {
  /** The acceptor took the handshake. */
  onAccepted(): void;
  /** The stream is over, for whatever reason; called once. */
  onEnd(status: StatusLike): void;
}

export interface MessageStream {
  /** Sends an encoded batch; `taken` is called when the network wants more. */
  write(batch: Buffer, taken: () => void): void;
  /** Cancels the stream and closes its connection. */
  close(): void;
}

/** Opens the stream and says who is calling. */
export function openMessageStream(
  address: string,
  credentials: ChannelCredentials,
  settings: ChannelSettings,
  handshake: Handshake,
  events: MessageStreamEvents,
): MessageStream {
  const client = new Client(address, new SeverableCredentials(credentials), channelOptions(settings));
  // Batches arrive encoded: one buffer from codec to socket.
  const call = client.makeBidiStreamRequest<Buffer, MessageAck>(
    RaftServiceService.messages.path,
    (batch) => batch,
    (ack) => MessageAck.decode(ack),
  );
  call.on("data", () => events.onAccepted());
  call.on("status", (status) => events.onEnd(status));
  // Every error is a status too; without a listener it would be thrown.
  call.on("error", () => {});
  call.write(Buffer.from(MessageBatch.encode({ handshake, messages: new Uint8Array(0) }).finish()));
  return {
    write: (batch, taken) => void call.write(batch, () => taken()),
    close: () => {
      call.cancel();
      client.close();
    },
  };
}
