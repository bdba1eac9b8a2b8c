/**
 * Three nodes as real processes on free loopback ports, and what a client asks of them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../../scripts/lib/cluster.mjs";
import { until } from "../../../scripts/lib/until.mjs";
import { type NodeAddresses, prepare } from "../prepare.mjs";

const SERVER = fileURLToPath(new URL("../dist/server.js", import.meta.url));
const REQUEST_TIMEOUT_MS = 5_000;

/** A directory with certificates and addresses for three nodes. */
export async function preparedDirectory(): Promise<{ directory: string; nodes: readonly NodeAddresses[] }> {
  const directory = await mkdtemp(join(tmpdir(), "replicated-kv-"));
  const nodes: NodeAddresses[] = [];
  for (const id of [1, 2, 3])
    nodes.push({ id, address: `127.0.0.1:${await freePort()}`, http: `127.0.0.1:${await freePort()}` });
  await prepare(directory, nodes);
  return { directory, nodes };
}

export class Processes {
  readonly #directory: string;
  readonly #nodes: readonly NodeAddresses[];
  readonly #running = new Map<number, { readonly child: ChildProcess; readonly exit: Promise<unknown[]> }>();
  /** What the nodes printed; shown by a test that fails. */
  output = "";

  private constructor(directory: string, nodes: readonly NodeAddresses[]) {
    this.#directory = directory;
    this.#nodes = nodes;
  }

  static async create(): Promise<Processes> {
    const { directory, nodes } = await preparedDirectory();
    return new Processes(directory, nodes);
  }

  start(...ids: readonly number[]): void {
    for (const id of ids) {
      const child = spawn(process.execPath, [SERVER, String(id), this.#directory], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (text) => (this.output += `${id}: ${String(text)}`));
      this.#running.set(id, { child, exit: once(child, "close") });
    }
  }

  /** Resolves with the exit code and the signal that ended it. */
  async end(id: number, signal: "SIGKILL" | "SIGTERM"): Promise<unknown[]> {
    const node = this.#running.get(id);
    if (node === undefined) throw new Error(`node ${id} does not run`);
    this.#running.delete(id);
    node.child.kill(signal);
    return await node.exit;
  }

  /** One request to one node, as it answers it. */
  async ask(
    id: number,
    key: string,
    init: RequestInit = {},
  ): Promise<{ status: number; body: string; location: string }> {
    const response = await fetch(`http://${this.#http(id)}/${key}`, {
      redirect: "manual",
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...init,
    });
    return {
      status: response.status,
      body: await response.text(),
      location: response.headers.get("location") ?? "",
    };
  }

  /** The node that takes writes; waits until there is one. Writes `probe` to find out. */
  leader(): Promise<number> {
    return until("a leader", async () => {
      for (const id of this.#running.keys())
        if ((await this.ask(id, "probe", { method: "PUT", body: "?" })).status === 200) return id;
      return undefined;
    });
  }

  /** Waits until the node answers reads; what it reads then. */
  async read(id: number, key: string): Promise<string | undefined> {
    const answer = await until(`node ${id} reads`, async () => {
      const { status, body } = await this.ask(id, key);
      return status === 200 || status === 404 ? { status, body } : undefined;
    });
    return answer.status === 404 ? undefined : answer.body;
  }

  /** The index of the state that the node saved last. */
  savedIndex(id: number): number {
    const content = readFileSync(join(this.#directory, `node-${id}`, "state.snapshot"), "utf8");
    return Number(/"index":(\d+)/.exec(content)?.[1]);
  }

  async destroy(): Promise<void> {
    for (const id of [...this.#running.keys()]) await this.end(id, "SIGKILL");
    await rm(this.#directory, { recursive: true, force: true });
  }

  #http(id: number): string {
    const node = this.#nodes.find((each) => each.id === id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node.http;
  }
}
