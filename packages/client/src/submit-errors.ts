import { isErrorCategory } from "@coxswain/rpc";
import { CoxswainClientError } from "./errors.ts";

/** The limit of submits under way is reached. */
export function tooMany(pending: number): CoxswainClientError {
  return new CoxswainClientError(
    "TOO_MANY_SUBMITS",
    "exhausted",
    `${String(pending)} submits are under way: wait for some of them.`,
  );
}

/** Time is up, and no attempt told why. */
export function noAnswer(): CoxswainClientError {
  const advice = "check that the servers named are right and that the cluster has a leader.";
  return new CoxswainClientError("NO_ANSWER", "unavailable", `No server answered in time: ${advice}`);
}

/** A refusal that came as data, in an answer that carries many outcomes. */
export function resultError(
  refusal: { code: string; category: string; message: string } | undefined,
): CoxswainClientError {
  if (refusal !== undefined && isErrorCategory(refusal.category)) {
    return new CoxswainClientError(refusal.code, refusal.category, refusal.message);
  }
  return new CoxswainClientError(
    "NO_RESULT",
    "unknown-outcome",
    "The server's answer does not speak of this job.",
  );
}
