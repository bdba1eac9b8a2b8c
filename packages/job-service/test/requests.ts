import { SubmitJobRequest } from "@coxswain/protocol";
import type { CallerIdentity } from "../src/contracts.ts";

export const alice: CallerIdentity = { name: "alice", role: "client" };
export const bob: CallerIdentity = { name: "bob", role: "client" };
export const root: CallerIdentity = { name: "root", role: "admin" };
export const otherNode: CallerIdentity = { name: "node-2", role: "node" };

export function submit(parts: Parameters<typeof SubmitJobRequest.fromPartial>[0]): SubmitJobRequest {
  return SubmitJobRequest.fromPartial(parts);
}

/** The rejection of a promise that must not resolve. */
export async function rejection(promise: Promise<unknown>): Promise<{ code?: string; category?: string; message?: string; fields?: { field: string; problem: string }[] }> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("error" in outcome) return outcome.error as object;
  throw new Error(`should have been refused, but gave ${JSON.stringify(outcome.value)}`);
}
