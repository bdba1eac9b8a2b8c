/**
 * A member process as the test sees it: calls that are answered, and events.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";
import type { RaftNodeEvent, RaftStatus } from "@coxswain/raft-core";
import type { Line } from "./promises.ts";

/** The member answered with an error of this code, or has ended. */
export class MemberError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: MemberError): void;
}

type Answer =
  { call: number; value?: unknown; error?: { code: string; message: string } } | { event: RaftNodeEvent };

export class MemberProcess {
  readonly id: number;
  /** Everything the node told its owner, in order. */
  readonly events: RaftNodeEvent[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exited: Promise<unknown>;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  #ended = false;

  private constructor(id: number, [program = "", ...args]: readonly string[]) {
    this.id = id;
    this.#child = spawn(program, args, {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    this.#exited = once(this.#child, "exit").then(() => this.#end());
    createInterface({ input: this.#child.stdout }).on("line", (line) =>
      this.#hear(JSON.parse(line) as Answer),
    );
    // Writing to a process that has ended: its calls are refused when `exit` comes.
    this.#child.stdin.on("error", () => {});
  }

  /** Resolves when the node takes part. */
  static async start(id: number, command: readonly string[]): Promise<MemberProcess> {
    const member = new MemberProcess(id, command);
    await member.status();
    return member;
  }

  /** Resolves with the index of the entry, once it is committed and applied there. */
  async propose(text: string): Promise<number> {
    return (await this.#call("propose", { text })) as number;
  }

  /** The index up to which a linearizable read sees the journal; `forward` asks the leader for it from anywhere. */
  async read(forward: boolean): Promise<number> {
    return (await this.#call("read", { forward })) as number;
  }

  async status(): Promise<RaftStatus> {
    return (await this.#call("status")) as RaftStatus;
  }

  async journal(): Promise<readonly Line[]> {
    return (await this.#call("journal")) as readonly Line[];
  }

  /** The entries of its log from an index on, committed or not. */
  async log(from: number): Promise<readonly Line[]> {
    return (await this.#call("log", { from })) as readonly Line[];
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    await this.#exited;
  }

  #call(verb: string, details: object = {}): Promise<unknown> {
    if (this.#ended)
      return Promise.reject(new MemberError("ENDED", `member ${this.id} has ended; see above`));
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ call, verb, ...details })}\n`);
    });
  }

  #hear(answer: Answer): void {
    if ("event" in answer) return void this.events.push(answer.event);
    const pending = this.#pending.get(answer.call);
    this.#pending.delete(answer.call);
    if (answer.error) pending?.reject(new MemberError(answer.error.code, answer.error.message));
    else pending?.resolve(answer.value);
  }

  #end(): void {
    this.#ended = true;
    for (const { reject } of this.#pending.values())
      reject(new MemberError("ENDED", `member ${this.id} ended under way`));
    this.#pending.clear();
  }
}
