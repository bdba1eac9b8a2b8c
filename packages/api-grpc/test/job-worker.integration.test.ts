import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  JobLogsResponse,
  JobRequest,
  JobWorkerClient,
  JobWorkerService,
  OutputStream,
} from "@coxswain/protocol";
import { insecureServerCredentials, localAdmin } from "@coxswain/rpc";
import { ChannelCredentials, status } from "@grpc/grpc-js";
import { jobWorkerServiceImplementation } from "../src/index.ts";
import { collect, failure, until } from "./calls.ts";
import { fakeService } from "./fake-service.ts";
import { startServer } from "./server.ts";
import type { RunningServer } from "./server.ts";

const request = JobRequest.fromPartial({ id: "a" });
const PIECE_BYTES = 32 * 1024;
/** What the job service would stream; a test says what. */
let logs: (signal: AbortSignal) => AsyncIterable<JobLogsResponse>;
let running: RunningServer;
let client: JobWorkerClient;

beforeAll(async () => {
  const service = fakeService({ logs: (_caller, _request, { signal }) => logs(signal) as never });
  running = await startServer(insecureServerCredentials(), [
    [JobWorkerService, jobWorkerServiceImplementation(service, { insecurePeer: localAdmin })],
  ]);
  client = new JobWorkerClient(running.address, ChannelCredentials.createInsecure());
});

afterAll(() => {
  client.close();
  running.close();
});

/** Endless output, and who is at it. */
function endless() {
  const state = { readers: 0, written: 0 };
  const stream = async function* (signal: AbortSignal): AsyncGenerator<JobLogsResponse, void, undefined> {
    state.readers++;
    try {
      while (!signal.aborted) {
        yield JobLogsResponse.fromPartial({
          log: Buffer.alloc(PIECE_BYTES, state.written),
          offset: state.written * PIECE_BYTES,
        });
        state.written++;
      }
    } finally {
      state.readers--;
    }
  };
  return { state, stream };
}

/** Resolves when nothing more was written for some turns of the event loop. */
async function stalled(state: { readonly written: number }): Promise<void> {
  for (let before = -1; before !== state.written;) {
    before = state.written;
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A reader that takes one message and no other. (One that takes none at all has grpc-js gather them without limit, at its own end.) */
async function stuck(): Promise<{ cancel(): void }> {
  const call = client.logs(request);
  call.on("error", () => {});
  await call[Symbol.asyncIterator]().next();
  return call;
}

describe("logs over gRPC", () => {
  test("case 8: a client cancels under backpressure: the handler returns and nobody reads any more", async () => {
    const { state, stream } = endless();
    logs = stream;
    const call = await stuck();
    await stalled(state);
    expect(state.readers).toBe(1);
    call.cancel();
    await until(() => state.readers === 0);
  });

  test("case 11: a reader that never reads holds a bounded number of messages, and slows no other", async () => {
    const { state, stream } = endless();
    logs = stream;
    const idle = await stuck();
    await stalled(state);
    // Sixteen wait in the call, the others in the windows of the connection and at the reader.
    expect(state.written).toBeLessThan(100);
    logs = async function* () {
      for (let offset = 0; offset < 1_000; offset++)
        yield await Promise.resolve(JobLogsResponse.fromPartial({ offset }));
    };
    expect((await collect(client.logs(request))).map(({ offset }) => offset)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => i),
    );
    idle.cancel();
    await until(() => state.readers === 0);
  });

  test("case 12: bytes are exact, whatever they are", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    logs = async function* () {
      yield await Promise.resolve(JobLogsResponse.fromPartial({ log: bytes, stream: OutputStream.STDERR }));
    };
    const [only] = await collect(client.logs(request));
    expect(Buffer.compare(only!.log, bytes)).toBe(0);
    expect(only).toMatchObject({ stream: OutputStream.STDERR, gapBytes: 0, restLost: false });
    expect(only?.exit).toBeUndefined();
  });

  test("a refusal in the middle comes with its code, after what was sent", async () => {
    logs = async function* () {
      yield JobLogsResponse.fromPartial({ offset: 1 });
      throw await Promise.resolve(
        Object.assign(new Error("go elsewhere"), { code: "NODE_STOPPING", category: "unavailable" }),
      );
    };
    const error = await failure(collect(client.logs(request)));
    expect(error).toMatchObject({
      code: status.UNAVAILABLE,
      typed: { code: "NODE_STOPPING", category: "unavailable" },
    });
  });
});
