import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerTarget } from "@coxswain/executor";
import type { Group } from "./group.ts";

interface Container {
  readonly Id: string;
  State: string;
  readonly Labels: Record<string, string>;
  readonly process: Group | undefined;
}

/** What the guard asks of an engine, answered by containers that are plain processes, or none at all. */
export class FakeEngine {
  readonly #directory = mkdtempSync(join(tmpdir(), "cox-engine-"));
  readonly socketPath: string = join(this.#directory, "engine.sock");
  readonly containers: Container[] = [];
  /** `METHOD path`, without queries. */
  readonly asked: string[] = [];
  #server: Server | undefined;
  #waiting: { readonly asked: string; readonly resolve: () => void }[] = [];

  async start(): Promise<this> {
    this.#server = createServer(({ method = "", url = "" }, response) => {
      const { pathname } = new URL(url, "http://engine");
      const { status, body } = this.#answer(method, pathname);
      response.writeHead(status).end(body, () => this.#note(`${method} ${pathname}`));
    });
    this.#server.listen(this.socketPath);
    await once(this.#server, "listening");
    return this;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
    this.#server = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** @param process what runs in it; its marker becomes the container's */
  container(state: string, process?: Group): ContainerTarget {
    const run = randomUUID();
    this.containers.push({ Id: run, State: state, Labels: { "test.run": run, other: "label" }, process });
    const marker = process?.target.marker ?? `COX_RUN=${run}`;
    return { kind: "container", marker, socketPath: this.socketPath, label: `test.run=${run}` };
  }

  /** Resolves when it has been answered to, or was before. */
  untilAsked(asked: string): Promise<void> {
    if (this.asked.includes(asked)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ asked, resolve }));
  }

  #answer(method: string, path: string): { status: number; body: string } {
    if (path === "/containers/json") return { status: 200, body: JSON.stringify(this.containers.map(({ process: _, ...rest }) => rest)) };
    const index = this.containers.findIndex(({ Id }) => path.startsWith(`/containers/${Id}`));
    const container = this.containers[index];
    if (!container) return { status: 404, body: "{}" };
    if (method === "POST" && container.State !== "running") return { status: 409, body: "{}" };
    container.State = "exited";
    void container.process?.kill();
    if (method === "DELETE") this.containers.splice(index, 1);
    return { status: 204, body: "" };
  }

  #note(asked: string): void {
    this.asked.push(asked);
    for (const waiter of this.#waiting) if (waiter.asked === asked) waiter.resolve();
  }
}
