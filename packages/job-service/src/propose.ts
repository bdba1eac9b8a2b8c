/** From a command's body to what apply says about it. */
import { COMMAND_VERSION, encodeCommand, isRefused } from "@coxswain/state-machine";
import type { ApplyError, ApplyResult, CommandBody } from "@coxswain/state-machine";
import type { CallerIdentity } from "./contracts.ts";
import { RefusedError, UnexpectedResultError } from "./errors.ts";
import { idTimeMs } from "./job-id.ts";
import type { ServiceParts } from "./service-parts.ts";

type Kind = Extract<ApplyResult, { readonly kind: string }>["kind"];
type ResultOf<K extends Kind> = Extract<ApplyResult, { readonly kind: K }>;

/**
 * Proposes one command, stamped with the leader's time (G3), and gives its result, which must be of the kind named.
 * @throws RefusedError when apply refused it; whatever the Raft node rejects with
 */
export async function propose<K extends Kind>(
  { raft, clock }: Pick<ServiceParts, "raft" | "clock">,
  expected: K,
  body: CommandBody,
  requestId: string = "",
): Promise<ResultOf<K>> {
  const command = { version: COMMAND_VERSION, timeMs: clock.now(), requestId, body };
  const result = await raft.propose(encodeCommand(command));
  if (isRefused(result)) throw refusal(result.error);
  if (isKind(result, expected)) return result;
  throw new UnexpectedResultError(`A command that should be ${expected} was answered with ${result.kind}.`);
}

/** A refusal of apply as an error. */
export function refusal(error: ApplyError): RefusedError {
  return new RefusedError(error);
}

/**
 * Request ids are made by clients, each for itself: two that both call theirs `retry-1` must not meet. A UUIDv7
 * is its maker's alone, and stays as it is: it tells the job store how old the request is (G10).
 */
export function scopedRequestId(caller: CallerIdentity, requestId: string): string {
  return idTimeMs(requestId) > 0 ? requestId : `${caller.name}/${requestId}`;
}

function isKind<K extends Kind>(result: ApplyResult, kind: K): result is ResultOf<K> {
  return "kind" in result && result.kind === kind;
}
