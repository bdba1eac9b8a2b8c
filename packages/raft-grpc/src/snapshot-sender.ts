/**
 * Sends one snapshot, no faster than the receiver takes it and the settings allow, on a connection of its own.
 */
import type { ChannelCredentials, ClientWritableStream, requestCallback } from "@grpc/grpc-js";
import { Client, connectivityState } from "@grpc/grpc-js";
import type { NodeId } from "@coxswain/raft-core";
import { channelOptions, errorFromStatus, writeMessages } from "@coxswain/rpc";
import { PeerTimeoutError, SnapshotAbortedError, SnapshotRefusedError } from "./errors.ts";
import { RaftServiceService } from "./gen/raft/v1/raft.ts";
import type { InstallSnapshotResponse, SnapshotHeader } from "./gen/raft/v1/raft.ts";
import { Pace } from "./pace.ts";
import { SeverableCredentials } from "./severable-credentials.ts";
import type { TransportSettings } from "./settings.ts";
import { channelSettings } from "./settings.ts";
import { encodeHeader, encodeLast, encodePiece } from "./snapshot-pieces.ts";

export interface SnapshotSending {
  readonly to: NodeId;
  readonly address: string;
  readonly credentials: ChannelCredentials;
  readonly settings: TransportSettings;
  readonly header: SnapshotHeader;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Breaks it off. */
  readonly signal: AbortSignal;
  /** Calls back after the delay unless the returned function is called first. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

/**
 * Resolves when the receiver has installed the snapshot. Rejects with `SnapshotRefusedError`,
 * `SnapshotAbortedError`, the receiver's own typed error, or what `chunks` threw.
 */
export async function sendSnapshot(sending: SnapshotSending): Promise<void> {
  const { signal } = sending;
  if (signal.aborted) throw aborted(sending);
  const credentials = new SeverableCredentials(sending.credentials);
  const client = new Client(sending.address, credentials, channelOptions(channelSettings(sending.settings)));
  const answered = new AbortController();
  const { call, answer } = open(client, sending, () => answered.abort());
  // Told by the callback as well.
  call.on("error", () => {});
  const cancel = (): void => call.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const whole = await writeMessages(call, messagesOf(sending), answered.signal);
    if (whole) call.end();
    await answer;
  } catch (error) {
    call.cancel();
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    client.close();
  }
}

/** Opens the call. `answer` settles as `sendSnapshot` does; `over` is called when nothing more need be written. */
function open(
  client: Client,
  sending: SnapshotSending,
  over: () => void,
): { call: ClientWritableStream<Buffer>; answer: Promise<void> } {
  let settle: (error?: Error) => void = () => {};
  const answer = new Promise<void>((resolve, reject) => (settle = (error) => (error ? reject(error) : resolve())));
  // It is looked at when the chunks are written; until then a rejection is not unhandled.
  answer.catch(() => {});
  let timedOut: PeerTimeoutError | undefined;
  const call = installSnapshot(client, (error, response) => {
    clearTimeout(timer);
    over();
    if (error) settle(sending.signal.aborted ? aborted(sending) : (timedOut ?? errorFromStatus(error)));
    else if (response?.installed) settle();
    else settle(new SnapshotRefusedError(sending.to, response?.error ?? "the answer is empty"));
  });
  // A frozen node lets TCP connect and says nothing; only what speaks is watched by keepalive.
  const { acceptTimeoutMs } = sending.settings;
  const timer = setTimeout(() => {
    if (client.getChannel().getConnectivityState(false) === connectivityState.READY) return;
    timedOut = new PeerTimeoutError(sending.to, acceptTimeoutMs);
    call.cancel();
  }, acceptTimeoutMs).unref();
  return { call, answer };
}

/** As the generated client's, for messages that are encoded already. */
function installSnapshot(client: Client, callback: requestCallback<InstallSnapshotResponse>): ClientWritableStream<Buffer> {
  const { path, responseDeserialize } = RaftServiceService.installSnapshot;
  return client.makeClientStreamRequest(path, (message: Buffer) => message, responseDeserialize, callback);
}

/** The header, then the bytes in pieces of bounded size, then the word that they were all. */
async function* messagesOf({ header, chunks, settings, after, signal }: SnapshotSending): AsyncGenerator<Buffer> {
  const step = settings.snapshotChunkBytes;
  const pace = new Pace(settings.snapshotBytesPerSecond, after, signal);
  yield encodeHeader(header);
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += step) {
      const piece = chunk.subarray(from, from + step);
      await pace.take(piece.length);
      yield encodePiece(piece);
    }
  }
  yield encodeLast();
}

function aborted({ to, signal }: SnapshotSending): SnapshotAbortedError {
  return new SnapshotAbortedError(`sending the snapshot to node ${to} was called off`, { cause: signal.reason });
}
