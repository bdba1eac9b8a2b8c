import { once } from "node:events";
import { type Socket, connect as connectTcp } from "node:net";
import tls from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { createCa, issueCertificate } from "@coxswain/pki";
import {
  Acceptor,
  type AcceptorEvent,
  type AcceptorLimits,
  TlsMaterial,
  channelCredentials,
  serverOptions,
  wrapUnary,
} from "@coxswain/rpc";
import { type TestPki, expiredCertificate, keyed, material, testPki } from "./certificates.ts";
import { EchoClient, type Text, echoService } from "./echo.ts";
import { REFUSED_HANDSHAKES, type RefusedHandshake } from "./refused-handshakes.ts";

let pki: TestPki;
const open: (() => void)[] = [];

beforeEach(async () => {
  pki = await testPki();
});
afterEach(() => {
  for (const close of open.splice(0).reverse()) close();
});

interface Gate {
  readonly acceptor: Acceptor;
  readonly port: number;
  readonly events: AcceptorEvent[];
  /** Resolves with the first that fits, told before or after. */
  event(fits: (event: AcceptorEvent) => boolean): Promise<AcceptorEvent>;
  client(material: TlsMaterial): EchoClient;
}

async function gate(settings: { limits?: Partial<AcceptorLimits>; tls?: TlsMaterial | undefined; now?: () => number } = {}): Promise<Gate> {
  const server = new Server(serverOptions());
  const whoami = wrapUnary<Text, Text>((_request, { peer }) => Promise.resolve({ text: `${peer.name}/${peer.role}` }));
  server.addService(echoService, { unary: whoami });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const events: AcceptorEvent[] = [];
  const waiting = new Set<() => void>();
  const acceptor = new Acceptor({
    tls: "tls" in settings ? settings.tls : pki.node,
    ...(settings.limits === undefined ? {} : { limits: settings.limits }),
    ...(settings.now === undefined ? {} : { now: settings.now }),
    onConnection: ({ socket }) => {
      injector.injectConnection(socket);
    },
    onEvent: (event) => {
      events.push(event);
      for (const look of waiting) look();
    },
  });
  const port = await acceptor.listen({ host: "127.0.0.1", port: 0 });
  open.push(() => {
    acceptor.close();
    server.forceShutdown();
  });
  return {
    acceptor,
    port,
    events,
    event: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = events.find(fits);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    client: (own) => {
      const client = new EchoClient(`127.0.0.1:${String(port)}`, channelCredentials(own));
      open.push(() => {
        client.close();
      });
      return client;
    },
  };
}

/** Resolves with the local address once the server has closed it, or said anything. */
function dial(port: number, options: tls.ConnectionOptions): { socket: tls.TLSSocket; from: Promise<string>; outcome: Promise<string> } {
  const socket = tls.connect({ port, host: "127.0.0.1", ca: pki.ca.certificate, ALPNProtocols: ["h2"], ...options });
  open.push(() => socket.destroy());
  const from = once(socket, "connect").then(() => `127.0.0.1:${String(socket.localPort)}`);
  const outcome = new Promise<string>((resolve) => {
    socket.on("error", () => {
      resolve("refused");
    });
    socket.once("close", () => {
      resolve("refused");
    });
    socket.once("data", () => {
      resolve("accepted");
    });
  });
  return { socket, from, outcome };
}

function mute(port: number): Socket {
  const socket = connectTcp(port, "127.0.0.1");
  socket.on("error", () => undefined);
  open.push(() => socket.destroy());
  return socket;
}

test("a server behind an acceptor knows its callers by their certificates", async () => {
  const { client, acceptor } = await gate();
  expect(await client(pki.alice).unary("")).toBe("alice/client");
  expect(await client(pki.node).unary("")).toBe("node-1/node");
  expect(acceptor.counts).toEqual({ connections: 2, handshakes: 0 });
});

describe("a handshake is refused, and told with its cause and from where,", () => {
  test.each<RefusedHandshake>([
    ...REFUSED_HANDSHAKES,
    [
      "at TLS 1.2",
      "ERR_SSL_UNSUPPORTED_PROTOCOL",
      () => Promise.resolve({ ...pki.alice.current, minVersion: "TLSv1.2" as const, maxVersion: "TLSv1.2" as const }),
    ],
    ["for another protocol than HTTP/2", "ERR_SSL_NO_APPLICATION_PROTOCOL", () => Promise.resolve({ ...pki.alice.current, ALPNProtocols: ["http/1.1"] })],
    ["for no protocol at all", "NO_HTTP2", () => Promise.resolve({ ...pki.alice.current, ALPNProtocols: [] })],
  ])("%s: %s", async (_what, cause, options) => {
    const { port, event, acceptor } = await gate();
    const { from, outcome } = dial(port, await options(pki.ca));
    const told = await event(({ type }) => type === "handshakeRefused");
    expect(told).toEqual({ type: "handshakeRefused", from: await from, cause });
    expect(await outcome).toBe("refused");
    expect(acceptor.counts).toEqual({ connections: 0, handshakes: 0 });
  });
});

test("each of many refused at once is told with its own address", async () => {
  const { port, events } = await gate();
  const expired = await expiredCertificate(pki.ca);
  const dialled = Array.from({ length: 20 }, () => dial(port, keyed(expired)));
  await Promise.all(dialled.map(({ outcome }) => outcome));
  const told = events.map((event) => event.from).sort();
  expect(told).toEqual((await Promise.all(dialled.map(({ from }) => from))).sort());
});

test("a connection that says nothing is closed when its handshake has taken too long, and told", async () => {
  const { port, event, acceptor } = await gate({ limits: { handshakeTimeoutMs: 50 } });
  const socket = mute(port);
  await once(socket, "close");
  expect(await event(() => true)).toMatchObject({ type: "limitHit", limit: "handshakeTimeoutMs", from: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
  expect(acceptor.counts.handshakes).toBe(0);
});

test("of 300 mute connections only so many are kept, and whoever speaks gets in past them", async () => {
  const { port, events, event, client, acceptor } = await gate({ limits: { maxHandshakes: 16 } });
  const sockets = Array.from({ length: 300 }, () => mute(port));
  await event(() => events.length === 300 - 16);
  expect(acceptor.counts).toEqual({ connections: 0, handshakes: 16 });
  expect(await client(pki.alice).unary("")).toBe("alice/client");
  expect(await client(pki.node).unary("")).toBe("node-1/node");
  expect(new Set(events.map((told) => (told.type === "limitHit" ? told.limit : told.type)))).toEqual(new Set(["maxHandshakes"]));
  const closed = Promise.all(sockets.slice(0, 284).map((socket) => socket.closed || once(socket, "close")));
  await closed;
});

describe("connections", () => {
  test("of one client are limited, and another client gets in", async () => {
    const { port, event } = await gate({ limits: { maxConnectionsPerClient: 2 } });
    const bob = await issueCertificate({ ca: pki.ca, kind: "client", name: "bob" });
    for (let count = 0; count < 2; count++) expect(await dial(port, { ...pki.alice.current }).outcome).toBe("accepted");
    const third = dial(port, { ...pki.alice.current });
    expect(await third.outcome).toBe("refused");
    expect(await event(() => true)).toEqual({
      type: "limitHit",
      limit: "maxConnectionsPerClient",
      from: await third.from,
      peer: { name: "alice", role: "client" },
    });
    expect(await dial(port, keyed(bob)).outcome).toBe("accepted");
  });

  test("of all clients are limited; those of nodes never count, and an admin gets in (G20)", async () => {
    const { port, event } = await gate({ limits: { maxConnections: 2, maxConnectionsPerClient: 2 } });
    const admin = await issueCertificate({ ca: pki.ca, kind: "admin", name: "root" });
    const bob = await issueCertificate({ ca: pki.ca, kind: "client", name: "bob" });
    for (let count = 0; count < 5; count++) expect(await dial(port, { ...pki.node.current }).outcome).toBe("accepted");
    for (let count = 0; count < 2; count++) expect(await dial(port, { ...pki.alice.current }).outcome).toBe("accepted");
    expect(await dial(port, keyed(bob)).outcome).toBe("refused");
    expect(await event(() => true)).toMatchObject({ limit: "maxConnections", peer: { name: "bob" } });
    expect(await dial(port, { ...pki.node.current }).outcome).toBe("accepted");
    expect(await dial(port, keyed(admin)).outcome).toBe("accepted");
  });

  test("make room when they end", async () => {
    const { port, acceptor } = await gate({ limits: { maxConnections: 1 } });
    const first = dial(port, { ...pki.alice.current });
    expect(await first.outcome).toBe("accepted");
    first.socket.destroy();
    while (acceptor.counts.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await dial(port, { ...pki.alice.current }).outcome).toBe("accepted");
  });

  test("without TLS are limited all together", async () => {
    const { port, event, acceptor } = await gate({ tls: undefined, limits: { maxConnections: 3 } });
    const sockets = Array.from({ length: 4 }, () => mute(port));
    await event(() => true);
    await Promise.race(sockets.map((socket) => once(socket, "close")));
    expect(acceptor.counts.connections).toBe(3);
  });
});

describe("after a reload", () => {
  async function reloading(): Promise<{ own: TlsMaterial; use(next: TlsMaterial): void }> {
    let pem = pki.node.current;
    const own = new TlsMaterial(() => pem);
    return Promise.resolve({
      own,
      use: (next) => {
        pem = next.current;
        own.reload();
      },
    });
  }

  test("new connections are shown the new certificate, and TLS 1.2 is refused as before", async () => {
    const { own, use } = await reloading();
    const { port, event } = await gate({ tls: own });
    use(material(pki.ca, await issueCertificate({ ca: pki.ca, kind: "node", name: "node-1-renewed" })));
    const { socket, outcome } = dial(port, { ...pki.alice.current });
    expect(await outcome).toBe("accepted");
    expect(socket.getPeerCertificate().subject.CN).toBe("node-1-renewed");
    const old = dial(port, { ...pki.alice.current, minVersion: "TLSv1.2", maxVersion: "TLSv1.2" });
    expect(await old.outcome).toBe("refused");
    expect(await event(() => true)).toMatchObject({ cause: "ERR_SSL_UNSUPPORTED_PROTOCOL" });
  });

  test("connections whose CA is gone end at once; those of a CA that stays go on", async () => {
    const { own, use } = await reloading();
    const { client, event, port, acceptor } = await gate({ tls: own });
    const nextCa = await createCa({ clusterName: "next" });
    const both = `${pki.ca.certificate}${nextCa.certificate}`;
    use(material({ ...pki.ca, certificate: both }, await issueCertificate({ ca: pki.ca, kind: "node", name: "node-1" })));
    const renewed = await issueCertificate({ ca: nextCa, kind: "client", name: "renewed" });
    const stays = client(material({ ...pki.ca, certificate: both }, renewed));
    const goes = dial(port, { ...pki.alice.current });
    expect([await goes.outcome, await stays.unary("")]).toEqual(["accepted", "renewed/client"]);

    const gone = once(goes.socket, "close");
    use(material(nextCa, await issueCertificate({ ca: nextCa, kind: "node", name: "node-1" })));
    await gone;
    expect(await event(() => true)).toEqual({ type: "trustEnded", from: await goes.from, peer: { name: "alice", role: "client" } });
    expect(await stays.unary("")).toBe("renewed/client");
    expect(acceptor.counts.connections).toBe(1);
    expect(await dial(port, { ...pki.alice.current, rejectUnauthorized: false }).outcome).toBe("refused");
  });
});

test("a connection ends when its certificate has expired", async () => {
  let nowMs = Date.now();
  const { acceptor, port, event } = await gate({ now: () => nowMs });
  const { socket, outcome } = dial(port, { ...pki.alice.current });
  expect(await outcome).toBe("accepted");
  await acceptor.revalidate();
  expect(acceptor.counts.connections).toBe(1);
  nowMs += 10 * 365 * 86_400_000;
  const closed = once(socket, "close");
  await acceptor.revalidate();
  await closed;
  expect(await event(() => true)).toMatchObject({ type: "trustEnded", peer: { name: "alice" } });
});

test("no session is resumed: each connection shows its certificate anew", async () => {
  const { port } = await gate();
  const sessions: Buffer[] = [];
  const first = dial(port, { ...pki.alice.current });
  first.socket.on("session", (session) => sessions.push(session));
  expect(await first.outcome).toBe("accepted");
  for (const session of sessions) {
    const again = dial(port, { ...pki.alice.current, session });
    expect(await again.outcome).toBe("accepted");
    expect(again.socket.isSessionReused()).toBe(false);
  }
  const [session] = sessions;
  const nobody = dial(port, session === undefined ? {} : { session });
  expect(await nobody.outcome).toBe("refused");
});

test("garbage instead of a handshake, or of HTTP/2, ends that connection alone", async () => {
  const { port, event, client } = await gate();
  const plain = mute(port);
  plain.write("GET / HTTP/1.1\r\n\r\n");
  await once(plain, "close");
  expect(await event(() => true)).toMatchObject({ type: "handshakeRefused", cause: expect.stringMatching(/^ERR_SSL_/) });
  const { socket, outcome } = dial(port, { ...pki.alice.current });
  const closed = once(socket, "close");
  socket.write("PRI * HTTP/3.0\r\n\r\nXX\r\n\r\n".repeat(10));
  expect(await outcome).toBe("accepted");
  await closed;
  expect(await client(pki.alice).unary("")).toBe("alice/client");
});

test("a name is listened on at each of its addresses, and a port that is taken is said", async () => {
  const { acceptor, port } = await gate();
  await expect(acceptor.listen({ host: "localhost", port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  const bound = await acceptor.listen({ host: "localhost", port: 0 });
  expect(await dial(bound, { ...pki.alice.current, host: "localhost" }).outcome).toBe("accepted");
});
