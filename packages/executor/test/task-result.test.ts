import { describe, expect, test } from "@jest/globals";
import { ExecutorClosedError, InvalidTaskError, resultOfRejection, StartFailedError } from "../src/index.ts";

describe("resultOfRejection", () => {
  test.each([
    [new InvalidTaskError("bad"), "INVALID_TASK", false],
    [new StartFailedError("gone"), "START_FAILED", false],
    [new ExecutorClosedError("closed"), "EXECUTOR_CLOSED", true],
    [new TypeError("a fault of ours"), "INTERNAL", true],
    ["a string", "INTERNAL", true],
  ])("%p becomes %s, retryable %p, and never ran", (error, errorType, retryable) => {
    const result = resultOfRejection(error, 7);
    expect(result).toMatchObject({ outcome: "failed", errorType, retryable, startedAtMs: 0, endedAtMs: 7 });
    expect(result.errorMessage).toBeTruthy();
  });
});
