import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";
const digest = (name: string): string => `sha256:${createHash("sha256").update(name).digest("hex")}`;
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: MANIFEST_TYPE,
  config: { mediaType: "application/vnd.docker.container.image.v1+json", size: 100, digest: digest("config") },
  layers: [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", size: 100, digest: digest("layer") }],
});

/**
 * An image registry on the loopback that has nothing to give: it knows no image, but refuses those below `refused/`,
 * never answers for those below `stuck/`, and for those below `halfway/` has a manifest without what it names.
 */
export class Registry {
  /** `host:port`; engines speak plain HTTP with the loopback. */
  readonly at: string;
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #requests = new EventEmitter();

  private constructor(server: Server) {
    this.#server = server;
    this.at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => this.#answer(request.url ?? "", response));
  }

  static async listen(): Promise<Registry> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Registry(server);
  }

  /** Resolves when somebody asks for something that has `name` in it. */
  async untilAsked(name: string): Promise<void> {
    while (!this.asked.some((url) => url.includes(name))) await once(this.#requests, "request");
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(url: string, response: ServerResponse): void {
    this.asked.push(url);
    this.#requests.emit("request");
    if (url === "/v2/") refuse(response, 200, "OK");
    else if (url.includes("/refused/")) refuse(response, 403, "DENIED");
    else if (url.includes("/halfway/manifests/")) response.writeHead(200, { "content-type": MANIFEST_TYPE, "docker-content-digest": digest(MANIFEST) }).end(MANIFEST);
    else if (!url.includes("/stuck/") && !url.includes("/halfway/")) refuse(response, 404, "MANIFEST_UNKNOWN");
  }
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase() }] }));
}
