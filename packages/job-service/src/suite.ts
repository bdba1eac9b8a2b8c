/**
 * What every implementation of {@link Peers} must do, as tests. An implementation passes it in one line:
 *
 * @example
 * peersSuite("peers in memory", startInMemory, { test });
 *
 * @packageDocumentation
 */
import { deepEqual, doesNotMatch, equal, fail, match, rejects } from "node:assert/strict";
import { DrainNodeRequest, OutputPiece, OutputStream, SubmitJobRequest } from "@coxswain/protocol";
import type { CallerIdentity, ForwardOptions, OutputRequest, PeerAnswers, Peers } from "./contracts.ts";
import { errorFacts, RefusedError } from "./errors.ts";
import type { ErrorCategory, ErrorFacts } from "./errors.ts";

/** Node 1's way to node 2, which answers as the test says; where nothing is said it may answer as it likes. */
export interface PeersFixture {
  readonly peers: Peers;
  /** Makes node 2 unreachable. */
  stop(): void;
  close(): Promise<void> | void;
}

export type StartPeers = (answers: Partial<PeerAnswers>) => Promise<PeersFixture>;

/** The part of a test framework that a suite needs. */
export interface SuiteFramework {
  test(name: string, run: () => Promise<void>): void;
}

const CATEGORIES: readonly ErrorCategory[] = [
  "invalid",
  "not-found",
  "conflict",
  "denied",
  "exhausted",
  "unavailable",
  "unknown-outcome",
  "internal",
];

const alice: CallerIdentity = { name: "alice", role: "client" };
const root: CallerIdentity = { name: "root", role: "admin" };
const submit: SubmitJobRequest = SubmitJobRequest.fromPartial({ command: "echo hello", jobId: "a" });

/** Declares the suite's tests. */
export function peersSuite(name: string, start: StartPeers, { test }: SuiteFramework): void {
  const check = (
    claim: string,
    answers: Partial<PeerAnswers>,
    run: (fixture: PeersFixture) => Promise<void>,
  ): void => {
    test(`${name} ${claim}`, async () => {
      const fixture = await start(answers);
      try {
        await run(fixture);
      } finally {
        await fixture.close();
      }
    });
  };
  carriesCalls(check);
  bringsBackErrors(check);
  tellsWhatIsInDoubt(check);
  fetchesOutput(check);
  streamsOutput(check);
  givesStreamsUp(check);
}

type Check = (
  claim: string,
  answers: Partial<PeerAnswers>,
  run: (fixture: PeersFixture) => Promise<void>,
) => void;

function carriesCalls(check: Check): void {
  const seen: unknown[] = [];
  const forward: PeerAnswers["forward"] = (caller, method, request) => {
    seen.push([{ name: caller.name, role: caller.role }, method, request]);
    return Promise.resolve({
      jobId: "a",
      createdAtMs: 5,
      existed: true,
      success: true,
      message: "done",
    } as never);
  };
  check("carry the request, the caller and the answer unchanged", { forward }, async ({ peers }) => {
    const { jobId, createdAtMs, existed } = await peers.forward(2, alice, "submitJob", submit, limits());
    deepEqual({ jobId, createdAtMs, existed }, { jobId: "a", createdAtMs: 5, existed: true });
    const drain = DrainNodeRequest.fromPartial({ nodeId: 3, undo: true, requestId: "r" });
    equal((await peers.forward(2, root, "drainNode", drain, limits())).message, "done");
    deepEqual(seen, [
      [alice, "submitJob", submit],
      [root, "drainNode", drain],
    ]);
  });
}

function bringsBackErrors(check: Check): void {
  for (const category of CATEGORIES) {
    const refusal = { code: "SOME_CODE", category, message: "do this next 🚣", leader: 3 };
    const forward = (): Promise<never> => Promise.reject(new RefusedError(refusal));
    check(`bring back a refusal of category ${category} as it was`, { forward }, async ({ peers }) => {
      deepEqual(await refusalOf(peers.forward(2, alice, "submitJob", submit, limits())), refusal);
    });
  }
  const forward = (): Promise<never> => Promise.reject(new Error("swordfish"));
  check("tell nothing of an error without a code", { forward }, async ({ peers }) => {
    const { category, message } = await refusalOf(peers.forward(2, alice, "submitJob", submit, limits()));
    equal(category, "internal");
    doesNotMatch(message, /swordfish/);
  });
}

function tellsWhatIsInDoubt(check: Check): void {
  check("say that nothing was sent when nobody is there", {}, async ({ peers, stop }) => {
    stop();
    equal((await refusalOf(peers.forward(2, alice, "submitJob", submit, limits()))).category, "unavailable");
    equal((await refusalOf(peers.forward(9, alice, "submitJob", submit, limits()))).category, "unavailable");
  });
  const abort = new AbortController();
  const forward = (): Promise<never> => {
    abort.abort();
    return new Promise(() => {});
  };
  check(
    "say that the outcome is unknown when a call is given up under way",
    { forward },
    async ({ peers }) => {
      const options = { timeoutMs: 5_000, signal: abort.signal };
      equal(
        (await refusalOf(peers.forward(2, alice, "submitJob", submit, options))).category,
        "unknown-outcome",
      );
    },
  );
}

function fetchesOutput(check: Check): void {
  const bytes = Uint8Array.of(0, 255, 10, 195);
  const output: PeerAnswers["output"] = (id, attempt, tailBytes) =>
    id === "a.1.1" && attempt === 2 ? bytes.subarray(-tailBytes) : undefined;
  check(
    "fetch an attempt's output byte for byte, or say that there is none",
    { output },
    async ({ peers }) => {
      deepEqual([...((await peers.output(2, "a.1.1", 2, 3, limits())) ?? [])], [255, 10, 195]);
      equal(await peers.output(2, "a.1.1", 1, 3, limits()), undefined);
    },
  );
}

function streamsOutput(check: Check): void {
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
  check("stream an attempt's output piece for piece, from where it was asked for", { streamOutput }, async ({ peers }) => {
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
  });
  for (const category of ["unavailable", "unknown-outcome", "exhausted"] as const) {
    const refuse: PeerAnswers["streamOutput"] = async function* () {
      yield await Promise.reject<OutputPiece>(new RefusedError({ code: "SOME_CODE", category, message: "why" }));
    };
    check(`bring back that a stream failed with category ${category}`, { streamOutput: refuse }, async ({ peers }) => {
      const { code, category: came } = await refusalOf(piecesOf(peers.streamOutput(2, ANY_OUTPUT, watch())));
      deepEqual([code, came], ["SOME_CODE", category]);
    });
  }
}

function givesStreamsUp(check: Check): void {
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
  check("tell the other side when a reader leaves, also one that waits", { streamOutput }, async ({ peers }) => {
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
    await rejects(piecesOf(peers.streamOutput(2, ANY_OUTPUT, { signal: AbortSignal.abort(new Error("late")) })), /late/);
    equal(readers, 0);
  });
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

function limits(): ForwardOptions {
  return { timeoutMs: 5_000, signal: new AbortController().signal };
}

async function refusalOf(promise: Promise<unknown>): Promise<ErrorFacts> {
  try {
    await promise;
  } catch (error) {
    return errorFacts(error);
  }
  return fail("should have been refused");
}
