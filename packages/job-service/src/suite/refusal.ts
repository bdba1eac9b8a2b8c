import { fail } from "node:assert/strict";
import { errorFacts } from "../errors.ts";
import type { ErrorFacts } from "../errors.ts";

/** What a promise that must not resolve is refused with. */
export async function refusalOf(promise: Promise<unknown>): Promise<ErrorFacts> {
  try {
    await promise;
  } catch (error) {
    return errorFacts(error);
  }
  return fail("should have been refused");
}
