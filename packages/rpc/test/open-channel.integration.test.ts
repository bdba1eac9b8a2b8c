import { createServer, connect } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Client } from "@grpc/grpc-js";
import { channelOptions, insecureChannelCredentials, insecureServerCredentials, localAdmin, wrapUnary } from "../src/index.ts";
import { startEcho } from "./echo.ts";
import type { EchoServer } from "./echo.ts";

let echo: EchoServer;
let proxy: Server;
let sockets: Socket[];

beforeEach(async () => {
  echo = await startEcho(
    { unary: wrapUnary((request: { text: string }) => Promise.resolve(request), { insecurePeer: localAdmin }) },
    insecureServerCredentials(),
  );
  sockets = [];
  // Counts the TCP connections that clients make.
  proxy = createServer((socket) => {
    sockets.push(socket);
    const upstream = connect(echo.port, "127.0.0.1");
    socket.pipe(upstream).pipe(socket);
    socket.on("error", () => upstream.destroy());
    upstream.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  proxy.close();
  echo.close();
});

async function connectionsOfTwo(ownConnection: boolean): Promise<number> {
  const address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const clients = [1, 2].map(() => new Client(address, insecureChannelCredentials(), channelOptions({ ownConnection })));
  for (const client of clients)
    await new Promise<void>((resolve, reject) => client.waitForReady(Date.now() + 10_000, (error) => (error ? reject(error) : resolve())));
  for (const client of clients) client.close();
  return sockets.length;
}

test("a channel of its own has a connection of its own (G20)", async () => {
  expect(await connectionsOfTwo(true)).toBe(2);
});

test("channels that do not ask for one share it, which is why peers, snapshots and outputs ask", async () => {
  expect(await connectionsOfTwo(false)).toBe(1);
});
