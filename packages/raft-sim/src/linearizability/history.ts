import { ViolationError } from "../violation.ts";
import { checkRegister, type RegisterOperation } from "./check-register.ts";

/** An operation that was begun. */
export interface OpenOperation {
  readonly kind: "write" | "read";
  readonly register: number;
  /** To be written; a read learns it at its end. */
  readonly value: number;
  readonly startedAt: number;
  /** The greatest log position that an operation had which ended before this one began. */
  readonly floor: number;
}

/**
 * What clients asked and were told. Two checks: as each operation ends, that its place in the log is not before
 * that of one which ended before it began (the log's order is then a linearization); and at the end, without
 * knowing about logs, what the clients saw.
 */
export class History {
  readonly #registers = new Map<number, RegisterOperation[]>();
  #instant = 0;
  #floor = 0;
  #value = 0;

  /** An operation begins; gives what its end is told to. */
  begin(kind: "write" | "read", register: number): OpenOperation {
    if (kind === "write") this.#value += 1;
    const value = kind === "write" ? this.#value : 0;
    return { kind, register, value, startedAt: (this.#instant += 1), floor: this.#floor };
  }

  /** The operation took effect: at log index `position`, or (a read) after it. */
  end(operation: OpenOperation, position: number, value: number): void {
    const { kind, register, startedAt, floor } = operation;
    const isLate = kind === "write" ? position <= floor : position < floor;
    if (isLate) {
      throw new ViolationError(
        "linearizability",
        `a ${kind} took effect at ${position}, but one that ended before it began did at ${floor}`,
      );
    }
    this.#floor = Math.max(this.#floor, position);
    this.#record(register, { kind, value, startedAt, endedAt: (this.#instant += 1) });
  }

  /** A write that may have taken effect, or may yet. */
  unknown({ kind, register, value, startedAt }: OpenOperation): void {
    this.#record(register, { kind, value, startedAt, endedAt: Infinity });
  }

  /** Throws unless what clients saw of each register is linearizable. */
  check(): void {
    for (const [register, operations] of this.#registers) {
      const wrong = checkRegister(operations);
      if (wrong !== undefined) throw new ViolationError("linearizability", `register ${register}: ${wrong}`);
    }
  }

  #record(register: number, operation: RegisterOperation): void {
    const operations = this.#registers.get(register);
    if (operations === undefined) this.#registers.set(register, [operation]);
    else operations.push(operation);
  }
}
