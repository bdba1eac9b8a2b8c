/** The part of the suite about outputs that are streamed. */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { OutputPiece, OutputStream } from "@coxswain/protocol";
import type { OutputRequest, PeerAnswers } from "../contracts.ts";
import { RefusedError } from "../errors.ts";
import type { Check } from "./check.ts";
import { refusalOf } from "./refusal.ts";

/** Outputs travel piece for piece, and so do the reasons why one does not. */
export function streamsOutput(check: Check): void {
  const pieces = [
    { gapBytes: 3 },
    { offset: 3, data: Uint8Array.of(0, 255, 10, 195), stream: OutputStream.STDOUT },
    { offset: 7, data: Uint8Array.of(13), stream: OutputStream.STDERR },
    { offset: 8, ended: true },
  ].map((piece) => OutputPiece.fromPartial(piece));
  const seen: OutputRequest[] = [];
  const streamOutput: PeerAnswers["streamOutput"] = async function* (request) {
    seen.push(wanted(request));
    yield* await Promise.resolve(pieces);
  };
  check(
    "stream an attempt's output piece for piece, from where it was asked for",
    { streamOutput },
    async ({ peers }) => {
      const requests: OutputRequest[] = [
        { executionId: "a.1.1", attempt: 2, noFollow: false },
        { executionId: "a.1.1", attempt: 1, noFollow: true, offset: 0 },
        { executionId: "a.1.1", attempt: 1, noFollow: false, tailBytes: 5 },
      ];
      for (const request of requests) {
        const came = await piecesOf(peers.streamOutput(2, request, watch()));
        deepEqual(came.map(plain), pieces.map(plain));
      }
      deepEqual(seen, requests.map(wanted));
    },
  );
  for (const category of ["unavailable", "unknown-outcome", "exhausted"] as const) {
    const refuse: PeerAnswers["streamOutput"] = async function* () {
      yield await Promise.reject<OutputPiece>(
        new RefusedError({ code: "SOME_CODE", category, message: "why" }),
      );
    };
    check(
      `bring back that a stream failed with category ${category}`,
      { streamOutput: refuse },
      async ({ peers }) => {
        const { code, category: came } = await refusalOf(
          piecesOf(peers.streamOutput(2, ANY_OUTPUT, watch())),
        );
        deepEqual([code, came], ["SOME_CODE", category]);
      },
    );
  }
}

/** Whoever stops reading is noticed on the other side, and the other way round. */
export function givesStreamsUp(check: Check): void {
  let readers = 0;
  let allLeft: () => void = () => {};
  const streamOutput: PeerAnswers["streamOutput"] = async function* (_request, { signal }) {
    readers++;
    try {
      yield OutputPiece.fromPartial({ data: Uint8Array.of(1) });
      await new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      });
    } finally {
      readers--;
      allLeft();
    }
  };
  const untilLeft = (): Promise<void> =>
    readers === 0 ? Promise.resolve() : new Promise((resolve) => (allLeft = resolve));
  check(
    "tell the other side when a reader leaves, also one that waits",
    { streamOutput },
    async ({ peers }) => {
      const abort = new AbortController();
      const stream = peers.streamOutput(2, ANY_OUTPUT, abort)[Symbol.asyncIterator]();
      equal((await stream.next()).done, false);
      const waiting = stream.next();
      abort.abort(new Error("left"));
      await rejects(waiting, /left/);
      await untilLeft();
      for await (const piece of peers.streamOutput(2, ANY_OUTPUT, watch())) {
        equal(piece.data.length, 1);
        break;
      }
      await untilLeft();
      await rejects(
        piecesOf(peers.streamOutput(2, ANY_OUTPUT, { signal: AbortSignal.abort(new Error("late")) })),
        /late/,
      );
      equal(readers, 0);
    },
  );
  check("say that a stream was cut, or never began", { streamOutput }, async ({ peers, stop }) => {
    const stream = peers.streamOutput(2, ANY_OUTPUT, watch())[Symbol.asyncIterator]();
    await stream.next();
    const cut = refusalOf(stream.next());
    stop();
    match((await cut).category, /^(unavailable|unknown-outcome)$/);
    for (const nodeId of [2, 9]) {
      const { category } = await refusalOf(piecesOf(peers.streamOutput(nodeId, ANY_OUTPUT, watch())));
      equal(category, "unavailable");
    }
  });
}

const ANY_OUTPUT: OutputRequest = { executionId: "a.1.1", attempt: 1, noFollow: false };

/** As asked for, whether what is left out is absent or undefined. */
function wanted({ executionId, attempt, noFollow, offset, tailBytes }: OutputRequest): OutputRequest {
  return { executionId, attempt, noFollow, offset, tailBytes };
}

function plain(piece: OutputPiece): unknown {
  return { ...piece, data: [...piece.data] };
}

function watch(): { readonly signal: AbortSignal } {
  return { signal: new AbortController().signal };
}

async function piecesOf(stream: AsyncIterable<OutputPiece>): Promise<OutputPiece[]> {
  const pieces: OutputPiece[] = [];
  for await (const piece of stream) pieces.push(piece);
  return pieces;
}
