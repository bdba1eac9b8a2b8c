/**
 * What every implementation of {@link Peers} must do, as tests. An implementation passes it in one line:
 *
 * @example
 * peersSuite("peers in memory", startInMemory, { test });
 *
 * @packageDocumentation
 */
import { deepEqual, doesNotMatch, equal } from "node:assert/strict";
import { DrainNodeRequest, SubmitJobRequest } from "@coxswain/protocol";
import type { CallerIdentity, ForwardOptions, PeerAnswers } from "./contracts.ts";
import { RefusedError } from "./errors.ts";
import type { ErrorCategory } from "./errors.ts";
import type { Check, PeersFixture } from "./suite/check.ts";
import { refusalOf } from "./suite/refusal.ts";
import { givesStreamsUp, streamsOutput } from "./suite/streams.ts";

export type { PeersFixture } from "./suite/check.ts";

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

function limits(): ForwardOptions {
  return { timeoutMs: 5_000, signal: new AbortController().signal };
}
