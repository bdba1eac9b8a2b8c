import type { Executor } from "../executor.ts";
import type { MemoryGuard } from "../guard.ts";
import type { OutputStream } from "../output-buffer.ts";
import type { Task } from "../task-spec.ts";

export interface OutputPiece {
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

/** What an executor can do; a case that needs more is not registered. */
export interface ExecutorAbilities {
  /** Its tasks have exit codes. */
  readonly exitCode: boolean;
  /** Tells stderr from stdout. Without it the suite writes stdout only. */
  readonly stderr: boolean;
  /** Hands its payload to the guard before it runs. */
  readonly guarded: boolean;
  /** Has tasks that are well-formed but cannot be started. */
  readonly startFailure: boolean;
}

/** An executor under test, with tasks in its own words. One per case. */
export interface ExecutorFixture {
  readonly executor: Executor;
  readonly guard: MemoryGuard;
  /** What the executor keeps of an output. */
  readonly outputCapacityBytes: number;
  /** Writes the pieces, each one after the one before has arrived, and succeeds. */
  writes(pieces: readonly OutputPiece[]): Task;
  /** Runs and fails; with exit code 3 if it has exit codes. */
  fails(): Task;
  /** Runs until it is ended from outside. */
  hangs(): Task;
  /** Writes this many bytes and succeeds. */
  floods(sizeBytes: number): Task;
  /** Cannot be started. Needed with `startFailure`. */
  missing?(): Task;
  /** What is left behind once all attempts have ended, in words; empty is right. */
  leftovers(): Promise<readonly string[]>;
  /** Releases what the fixture made. The suite has closed the executor. */
  close(): Promise<void>;
}

/** The part of a test framework that the suite uses; jest and node:test have it. */
export interface TestFramework {
  test(name: string, run: () => Promise<void>): unknown;
}
