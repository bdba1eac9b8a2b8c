/**
 * The output that this node holds, as the other rooms and nodes read it: attempts that run here, and those that the
 * spool still has.
 */
import type { OutputRequest, OutputSource } from "@coxswain/job-service";
import { OutputPiece, OutputStream } from "@coxswain/protocol";
import type { AttemptReaderOptions, OutputRecord, Worker } from "@coxswain/worker";

/** Bytes of one piece. A stream that nobody reads holds some sixteen of them. */
const PIECE_BYTES = 32 * 1024;

const STREAMS = { stdout: OutputStream.STDOUT, stderr: OutputStream.STDERR } as const;

/** For `localStream` of the job service, and for `streamOutput` of InternalService. */
export function localStream(worker: Pick<Worker, "output" | "outputOnceStarted">): OutputSource {
  return async function* (request, { signal }) {
    const { executionId, attempt, noFollow } = request;
    const output = noFollow ? worker.output(executionId, attempt) : await worker.outputOnceStarted(executionId, attempt, signal);
    if (output === undefined) {
      yield OutputPiece.fromPartial({ unknown: true });
      return;
    }
    try {
      for await (const record of output.reader(readerOptions(request, signal))) yield pieceOf(record);
    } catch (error) {
      // Retention took the file between the look and the opening.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      yield OutputPiece.fromPartial({ unknown: true });
    }
  };
}

function readerOptions({ offset, tailBytes, noFollow }: OutputRequest, signal: AbortSignal): AttemptReaderOptions {
  return {
    ...(tailBytes === undefined ? { offset: offset ?? 0 } : { tailBytes }),
    maxBytes: PIECE_BYTES,
    noFollow,
    signal,
  };
}

/** The bytes are shared and never written to any more; they are copied where they are serialised. */
function pieceOf(record: OutputRecord): OutputPiece {
  const piece: OutputPiece = { data: NOTHING, stream: OutputStream.UNSPECIFIED, offset: 0, gapBytes: 0, ended: false, unknown: false };
  switch (record.kind) {
    case "begin":
      return { ...piece, offset: record.offset };
    case "chunk":
      return { ...piece, data: record.bytes, stream: STREAMS[record.stream], offset: record.offset };
    case "gap":
      return { ...piece, offset: record.from, gapBytes: record.to - record.from };
    case "exit":
      return { ...piece, offset: record.offset, ended: true };
  }
}

const NOTHING = new Uint8Array();
