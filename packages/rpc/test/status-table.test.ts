import { describe, expect, test } from "@jest/globals";
import { Metadata, status } from "@grpc/grpc-js";
import {
  type ErrorCategory,
  errorFromStatus,
  grpcStatusOf,
  isCategorizedError,
  statusFromError,
} from "@coxswain/rpc";

test.each<[ErrorCategory, string, status]>([
  ["invalid", "EMPTY_COMMAND", status.INVALID_ARGUMENT],
  ["not-found", "JOB_NOT_FOUND", status.NOT_FOUND],
  ["conflict", "ALREADY_FINISHED", status.FAILED_PRECONDITION],
  ["conflict", "JOB_CONFLICT", status.ALREADY_EXISTS],
  ["conflict", "JOB_EXISTS", status.ALREADY_EXISTS],
  ["denied", "NOT_OWNER", status.PERMISSION_DENIED],
  ["denied", "UNAUTHENTICATED", status.UNAUTHENTICATED],
  ["exhausted", "TOO_MANY_PROPOSALS", status.RESOURCE_EXHAUSTED],
  ["unavailable", "NOT_LEADER", status.UNAVAILABLE],
  ["unknown-outcome", "PROPOSAL_OUTCOME_UNKNOWN", status.DEADLINE_EXCEEDED],
  ["internal", "BROKEN", status.INTERNAL],
])("%s %s travels as status %i and comes back as it was", (category, code, expected) => {
  expect(grpcStatusOf({ code, category })).toBe(expected);
  const sent = statusFromError(Object.assign(new Error("why"), { code, category }), "10.0.0.1:50051");
  expect(sent.code).toBe(expected);
  expect(errorFromStatus(sent)).toMatchObject({ code, category, message: "why", leader: "10.0.0.1:50051" });
});

describe("a status without our metadata", () => {
  const bare = (code: status, details: string): ReturnType<typeof errorFromStatus> =>
    errorFromStatus({ code, details, metadata: new Metadata() });

  test("of a connection that never stood is unavailable: nothing was sent", () => {
    const unreachable = { category: "unavailable", code: "UNREACHABLE" };
    expect(
      bare(status.UNAVAILABLE, "No connection established. Last error: connect ECONNREFUSED"),
    ).toMatchObject(unreachable);
    expect(
      bare(status.DEADLINE_EXCEEDED, "Deadline exceeded after 7.001s,Waiting for LB pick"),
    ).toMatchObject(unreachable);
  });

  test.each([
    [status.UNAVAILABLE, "Connection dropped"],
    [status.UNAVAILABLE, "read ECONNRESET"],
    [status.INTERNAL, "Received RST_STREAM with code 2 (Internal server error)"],
    [status.DEADLINE_EXCEEDED, "Deadline exceeded after 5s"],
    [status.CANCELLED, "Cancelled on client"],
  ])("of a call cut short (%i %s) is an unknown outcome", (code, details) => {
    expect(bare(code, details).category).toBe("unknown-outcome");
  });

  test("of a server's own failure is internal", () => {
    expect(bare(status.INTERNAL, "Error deserializing request")).toMatchObject({
      category: "internal",
      code: "INTERNAL",
    });
    expect(bare(status.UNKNOWN, "what").category).toBe("internal");
  });
});

test("only a code, a category of the set and a message make an error typed", () => {
  expect(isCategorizedError({ code: "A", category: "invalid", message: "m" })).toBe(true);
  for (const other of [
    undefined,
    null,
    "x",
    new Error("x"),
    { code: 5, category: "invalid", message: "" },
    { code: "A", category: "odd", message: "" },
  ]) {
    expect(isCategorizedError(other)).toBe(false);
  }
});

test("a leader's address that no header can carry is left out", () => {
  expect(statusFromError(new Error("x"), "bad\naddress").metadata.get("cox-leader")).toEqual([]);
});
