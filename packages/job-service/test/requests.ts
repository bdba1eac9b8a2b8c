import { SubmitJobRequest } from "@coxswain/protocol";
import type { CallerIdentity } from "../src/contracts.ts";

export const alice: CallerIdentity = { name: "alice", role: "client" };
export const bob: CallerIdentity = { name: "bob", role: "client" };
export const root: CallerIdentity = { name: "root", role: "admin" };
export const otherNode: CallerIdentity = { name: "node-2", role: "node" };

/** What is left out has the value of an unset field. */
export function submit(parts: object): SubmitJobRequest {
  return SubmitJobRequest.fromPartial(parts as Partial<SubmitJobRequest>);
}

/** The rejection of a promise that must not resolve. */
export async function rejection(promise: Promise<unknown>): Promise<{
  code?: string;
  category?: string;
  message?: string;
  fields?: { field: string; problem: string }[];
}> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("error" in outcome) return outcome.error as object;
  throw new Error(`should have been refused, but gave ${JSON.stringify(outcome.value)}`);
}
