/** executor-webhook beside a plain request of undici and one of node:http, to a receiver in a process of its own. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent as HttpAgent, createServer, request as httpRequest } from "node:http";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import { WebhookExecutor } from "../../packages/executor-webhook/dist/index.js";
import { attempt } from "./attempt.mjs";

const FILE = fileURLToPath(import.meta.url);
const PAYLOAD = JSON.stringify({ total: 12 });
const HEADERS = { "content-type": "application/json" };

export async function open() {
  const receiver = fork(FILE, ["receive"]);
  const [port] = await once(receiver, "message");
  const url = `http://127.0.0.1:${port}/`;
  const [dispatcher, agent] = [new Agent({ connections: 16 }), new HttpAgent({ keepAlive: true })];
  const executor = new WebhookExecutor({ allow: ["127.0.0.1/32"] });
  const task = { kind: "webhook", url, payload: Buffer.from(PAYLOAD) };
  const contestants = [
    { name: "undici", run: () => byUndici(url, dispatcher) },
    { name: "node:http", run: () => byHttp(url, agent) },
    { name: "webhook", beside: "undici", run: () => attempt(executor, task) },
  ];
  const close = async () => {
    await executor.close();
    await dispatcher.close();
    agent.destroy();
    receiver.kill();
  };
  return { contestants, close };
}

async function byUndici(url, dispatcher) {
  const { statusCode, body } = await request(url, { method: "POST", headers: HEADERS, body: PAYLOAD, dispatcher });
  check(statusCode, await body.text());
}

async function byHttp(url, agent) {
  const asked = httpRequest(url, { method: "POST", headers: HEADERS, agent }).end(PAYLOAD);
  const [response] = await once(asked, "response");
  check(response.statusCode, Buffer.concat(await response.toArray()).toString());
}

function check(status, text) {
  if (status !== 200 || text !== "hello\n") throw new Error(`${status}: ${text}`);
}

if (process.argv[1] === FILE && process.argv[2] === "receive") {
  const server = createServer((asked, response) => {
    asked.resume().on("end", () => response.end("hello\n"));
  }).listen(0, "127.0.0.1", () => process.send(server.address().port));
}
