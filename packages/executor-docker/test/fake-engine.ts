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
  readonly #directory = mkdtempSync(join(tmpdir(), "cox-fake-engine-"));
  readonly #server: Server;
  #wait: ServerResponse | undefined;
  #attached: Duplex | undefined;

  private constructor() {
    this.socketPath = join(this.#directory, "docker.sock");
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
    await rm(this.#directory, { recursive: true });
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
    if (request.method === "DELETE") return void response.writeHead(204).end();
    if (what === "info") return json(200, this.abilities);
    if (what === "create") {
      this.created = JSON.parse(body) as Record<string, unknown>;
      return json(201, { Id: "c0ffee", Warnings: this.warnings });
    }
    if (what === "json") json(200, { Config: { Volumes: this.volumes } });
    else if (what === "wait") (this.#wait = response.writeHead(200, { "content-type": "application/json" })).flushHeaders();
    else if (what === "start") this.#run(response);
    else return json(404, { message: `the fake knows no ${request.url}` });
    this.log.push(`answered ${what}`);
  }

  #run(response: ServerResponse): void {
    response.writeHead(204).end();
    this.#attached?.end();
    this.#wait?.end(JSON.stringify({ StatusCode: 0, Error: null }));
  }

  #note(request: IncomingMessage, what: string): void {
    this.log.push(what);
    this.urls.push(request.url ?? "");
  }
}
