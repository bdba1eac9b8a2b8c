import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A real HTTP server on loopback that does what the path of a request says. */
export class Receiver {
  readonly received: Received[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #open = new Set<Promise<unknown>>();
  readonly #sockets = new Set<Socket>();
  readonly sockets = { opened: 0, now: 0, most: 0 };

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.on("connection", (socket) => {
      const { sockets } = receiver;
      sockets.opened += 1;
      sockets.now += 1;
      sockets.most = Math.max(sockets.most, sockets.now);
      receiver.#sockets.add(socket);
      socket.on("close", () => {
        sockets.now -= 1;
        receiver.#sockets.delete(socket);
      });
      socket.on("error", () => {});
    });
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Resolves when no request is being answered: each is done, or its sender has gone. */
  async quiet(): Promise<void> {
    await Promise.all(this.#open);
  }

  /** Resolves with the next request, before it is answered. */
  async nextRequest(): Promise<void> {
    await once(this.#server, "request");
  }

  /** Ends all connections and waits until they are gone. */
  async closeConnections(): Promise<void> {
    const ended = [...this.#sockets].map((socket) => once(socket, "close"));
    this.#server.closeAllConnections();
    await Promise.all(ended);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const closed = new Promise((resolve) => response.once("close", resolve));
    this.#open.add(closed);
    void closed.then(() => this.#open.delete(closed));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    this.received.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    await respond(new URL(url, "http://receiver"), response);
  }
}

async function respond({ pathname, searchParams }: URL, response: ServerResponse): Promise<void> {
  const [, action, argument = ""] = pathname.split("/");
  const head = (status: number, headers = {}): ServerResponse => response.writeHead(status, headers);
  switch (action) {
    case "status":
      return void head(Number(argument)).end(`status ${argument}`);
    case "echo":
      return void head(200).end(Buffer.from(searchParams.get("base64") ?? "", "base64"));
    case "redirect":
      return void head(Number(argument), { location: searchParams.get("to") ?? pathname }).end();
    case "endless-redirect":
      return flood(head(307, { location: "/status/200" }), 1e15);
    case "flood":
      return flood(head(200), Number(argument));
    case "drip":
      return void head(Number(argument)).write("a first byte");
    case "broken":
      head(Number(argument), { "content-length": "1000" }).write("half");
      setImmediate(() => response.destroy());
      return;
    case "garbage":
      return void response.socket?.end("this is not HTTP\r\n\r\n");
    case "hang":
      return;
    default:
      return void head(200).end();
  }
}

/** Writes until it is done or the other side has gone. */
async function flood(response: ServerResponse, sizeBytes: number): Promise<void> {
  const piece = Buffer.alloc(16_384, "x");
  const gone = once(response, "close");
  for (let left = sizeBytes; left > 0 && !response.destroyed; left -= piece.length) {
    if (response.write(piece.subarray(0, Math.min(left, piece.length)))) continue;
    const drained = new Promise((resolve) => response.once("drain", resolve));
    await Promise.race([drained, gone]);
  }
  response.end();
}
