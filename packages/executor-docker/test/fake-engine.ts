import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Duplex } from "node:stream";

/** What such an engine says about itself unless told otherwise. */
export const ABLE = {
  OSType: "linux",
  MemoryLimit: true,
  SwapLimit: true,
  CpuCfsQuota: true,
  PidsLimit: true,
  SecurityOptions: ["name=seccomp,profile=default"],
};

/** A container of the list, with what an inspection says of its state; without that, the inspection fails. */
interface Listed {
  readonly Id: string;
  readonly State: string;
  readonly Created: number;
  readonly Labels: Record<string, string>;
  readonly inspected?: object;
}

const STREAM_HEAD = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

/** Answers as an engine does for containers that exit with 0 at once, on a socket of its own, and notes what it is asked. */
export class FakeEngine {
  readonly socketPath: string;
  /** Requests when they come, and `answered ...` when their answer has begun. */
  readonly log: string[] = [];
  readonly urls: string[] = [];
  created: Record<string, unknown> | undefined;
  abilities: object = ABLE;
  warnings: readonly string[] = [];
  volumes: object | null = null;
  /** What else it has. */
  readonly containers: Listed[] = [];
  /** In what state an inspection finds the container that was made. */
  status = "exited";
  /** The first answers to removals; then 204. */
  removals: number[] = [];
  /** The first answers to signals; then 204. */
  kills: number[] = [];
  /** Its containers exit when they are killed, and not before. */
  hangs = false;
  readonly directory: string = mkdtempSync(join(tmpdir(), "cox-fake-engine-"));
  readonly #server: Server;
  #wait: ServerResponse | undefined;
  #attached: Duplex | undefined;
  #asked: () => void = () => {};

  private constructor() {
    this.socketPath = join(this.directory, "docker.sock");
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on("upgrade", (request, socket) => this.#attach(request, socket));
  }

  static async listen(): Promise<FakeEngine> {
    const engine = new FakeEngine();
    engine.#server.listen(engine.socketPath);
    await once(engine.#server, "listening");
    return engine;
  }

  async close(): Promise<void> {
    this.#attached?.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.directory, { recursive: true });
  }

  /** Resolves once it was asked so often. */
  async untilAsked(what: string, times: number): Promise<void> {
    while (this.log.filter((line) => line === what).length < times) await new Promise<void>((resolve) => (this.#asked = resolve));
  }

  #attach(request: IncomingMessage, socket: Duplex): void {
    this.#note(request, "attach");
    this.#attached = socket;
    socket.write(STREAM_HEAD, () => this.log.push("answered attach"));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ""] = (request.url ?? "").split("?");
    const what = path.slice(path.lastIndexOf("/") + 1);
    const body = await text(request);
    this.#note(request, request.method === "DELETE" ? "remove" : what);
    const json = (status: number, answer: object): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    const status = (code: number): void => (code < 300 ? void response.writeHead(code).end() : json(code, { message: `the fake says ${code}` }));
    if (request.method === "DELETE") return status(this.removals.shift() ?? 204);
    if (what === "info") return json(200, this.abilities);
    if (what === "create") {
      this.created = JSON.parse(body) as Record<string, unknown>;
      return json(201, { Id: "c0ffee", Warnings: this.warnings });
    }
    if (path === "/containers/json") return json(200, this.containers);
    if (what === "kill") {
      const code = this.kills.shift() ?? 204;
      status(code);
      if (code === 204) this.#exit(137);
      return;
    }
    const listed = this.containers.find(({ Id: id }) => path === `/containers/${id}/json`);
    if (listed) return listed.inspected ? json(200, { Id: listed.Id, State: listed.inspected }) : status(500);
    if (what === "json") json(200, { Config: { Volumes: this.volumes }, State: { Status: this.status, OOMKilled: false } });
    else if (what === "wait") (this.#wait = response.writeHead(200, { "content-type": "application/json" })).flushHeaders();
    else if (what === "start") this.#run(response);
    else return json(404, { message: `the fake knows no ${request.url}` });
    this.log.push(`answered ${what}`);
  }

  #run(response: ServerResponse): void {
    response.writeHead(204).end();
    if (!this.hangs) this.#exit(0);
  }

  #exit(code: number): void {
    this.#attached?.end();
    this.#wait?.end(JSON.stringify({ StatusCode: code, Error: null }));
  }

  #note(request: IncomingMessage, what: string): void {
    this.log.push(what);
    this.urls.push(request.url ?? "");
    this.#asked();
  }
}
