/** Errors as data, for answers that carry many outcomes and for the way between nodes; and back. */
import type { ErrorDetail } from "@coxswain/protocol";
import { errorFacts, RefusedError } from "./errors.ts";

/** What may be told about an error. */
export function errorDetail(error: unknown): ErrorDetail {
  const { code, category, message, leader } = errorFacts(error);
  return { code, category, message, leaderId: leader };
}

/** The error that another node told, with its own code and category. */
export function errorFromDetail({ code, category, message, leaderId }: ErrorDetail): RefusedError {
  return new RefusedError({ code, category, message, leader: leaderId });
}
