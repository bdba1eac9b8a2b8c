import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import tls from "node:tls";
import { afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { ChannelCredentials } from "@grpc/grpc-js";
import { createCa, issueCertificate } from "@coxswain/pki";
import { TlsMaterial, channelCredentials, loadTls, serverCredentials, wrapUnary } from "@coxswain/rpc";
import {
  type TestPki,
  expiredCertificate,
  keyed,
  material,
  oddCertificate,
  serverAuth,
  testPki,
} from "./certificates.ts";
import { EchoClient, type EchoServer, type Text, startEcho } from "./echo.ts";

let pki: TestPki;
const open: { close(): void }[] = [];

beforeAll(async () => {
  pki = await testPki();
});

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const whoami = wrapUnary<Text, Text>(async (_request, { peer }) => ({ text: `${peer.name}/${peer.role}` }));

async function secureServer(material: TlsMaterial = pki.node): Promise<EchoServer> {
  const server = await startEcho({ unary: whoami }, serverCredentials(material));
  open.push(server);
  return server;
}

function clientOf(server: EchoServer, credentials: ChannelCredentials): EchoClient {
  const client = new EchoClient(server.address, credentials);
  open.push(client);
  return client;
}

/** A handshake alone, which shows a refusal without any gRPC around it. */
async function handshake(server: EchoServer, options: tls.ConnectionOptions): Promise<string> {
  const socket = tls.connect({
    port: server.port,
    host: "127.0.0.1",
    ca: pki.ca.certificate,
    ALPNProtocols: ["h2"],
    ...options,
  });
  const outcome = await new Promise<string>((resolve) => {
    socket.once("error", (error) => {
      resolve(`refused: ${error.message}`);
    });
    socket.once("close", () => {
      resolve("refused: closed");
    });
    // At TLS 1.3 the server judges the client's certificate after the client is done: only its first HTTP/2 frame tells that it accepts.
    socket.once("data", () => {
      resolve("accepted");
    });
  });
  socket.destroy();
  return outcome;
}

const unreachable = { category: expect.stringMatching(/^(unavailable|unknown-outcome)$/) };

describe("a secure server", () => {
  test("knows a client by the CN and OU of its certificate", async () => {
    const server = await secureServer();
    expect(await clientOf(server, channelCredentials(pki.alice)).unary("")).toBe("alice/client");
    expect(await clientOf(server, channelCredentials(pki.node)).unary("")).toBe("node-1/node");
  });

  test("refuses the handshake without a client certificate", async () => {
    const server = await secureServer();
    expect(await handshake(server, {})).toMatch(/^refused/);
    const client = new EchoClient(
      `localhost:${String(server.port)}`,
      ChannelCredentials.createSsl(Buffer.from(pki.ca.certificate)),
    );
    open.push(client);
    await expect(client.unary("")).rejects.toMatchObject(unreachable);
  });

  test("refuses the handshake of a certificate from another CA", async () => {
    const server = await secureServer();
    const otherCa = await createCa({ clusterName: "other" });
    const mallory = await issueCertificate({ ca: otherCa, kind: "admin", name: "mallory" });
    const trustingOurs = material(pki.ca, mallory);
    await expect(clientOf(server, channelCredentials(trustingOurs)).unary("")).rejects.toMatchObject(
      unreachable,
    );
    expect(await handshake(server, keyed(mallory))).toMatch(/^refused/);
  });

  test("refuses the handshake of an expired certificate", async () => {
    const server = await secureServer();
    const expired = await expiredCertificate(pki.ca);
    await expect(
      clientOf(server, channelCredentials(material(pki.ca, expired))).unary(""),
    ).rejects.toMatchObject(unreachable);
    expect(await handshake(server, keyed(expired))).toMatch(/^refused/);
  });

  test("refuses the handshake of a certificate for servers only", async () => {
    const server = await secureServer();
    const forServers = await oddCertificate({ ca: pki.ca, subject: [{ CN: ["alice"] }], usage: serverAuth });
    await expect(
      clientOf(server, channelCredentials(material(pki.ca, forServers))).unary(""),
    ).rejects.toMatchObject(unreachable);
    expect(await handshake(server, keyed(forServers))).toMatch(/^refused/);
  });

  test.each([
    { what: "no CN", subject: [{ OU: ["admin"] }] },
    { what: "an empty CN", subject: [{ CN: [" "] }] },
    { what: "two CNs", subject: [{ CN: ["alice"] }, { CN: ["bob"] }] },
    { what: "two OUs", subject: [{ CN: ["alice"] }, { OU: ["client"] }, { OU: ["admin"] }] },
  ])("answers UNAUTHENTICATED to a certificate with $what", async ({ subject }) => {
    const server = await secureServer();
    const odd = await oddCertificate({ ca: pki.ca, subject });
    const client = clientOf(server, channelCredentials(material(pki.ca, odd)));
    await expect(client.unary("")).rejects.toMatchObject({ code: "UNAUTHENTICATED", category: "denied" });
  });

  test("takes __proto__ for a plain name", async () => {
    const server = await secureServer();
    const odd = await oddCertificate({ ca: pki.ca, subject: [{ CN: ["__proto__"] }] });
    expect(await clientOf(server, channelCredentials(material(pki.ca, odd))).unary("")).toBe(
      "__proto__/client",
    );
  });

  test("is refused by a client that expects another CA", async () => {
    const server = await secureServer();
    const otherCa = await createCa({ clusterName: "other" });
    const bob = await issueCertificate({ ca: otherCa, kind: "client", name: "bob" });
    await expect(
      clientOf(server, channelCredentials(material(otherCa, bob))).unary(""),
    ).rejects.toMatchObject(unreachable);
  });
});

describe("a client that dials", () => {
  const nameless = async (hosts: string[]): Promise<EchoServer> => {
    const issued = await oddCertificate({
      ca: pki.ca,
      subject: [{ CN: ["127.0.0.1"] }, { OU: ["node"] }],
      usage: serverAuth,
      hosts,
    });
    return await secureServer(material(pki.ca, issued));
  };

  test("an address accepts a certificate that names it, and nobody is warned", async () => {
    const warnings: string[] = [];
    const listener = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", listener);
    const server = await nameless(["127.0.0.1"]);
    expect(await clientOf(server, channelCredentials(pki.alice)).unary("")).toBe("alice/client");
    process.off("warning", listener);
    expect(warnings).toEqual([]);
  });

  test.each([[["10.9.9.9"]], [["coxswain"]], [["localhost"]], [[]]])(
    "an address refuses a certificate that names %j",
    async (hosts) => {
      const server = await nameless(hosts);
      await expect(clientOf(server, channelCredentials(pki.alice)).unary("")).rejects.toMatchObject({
        code: "UNREACHABLE",
      });
    },
  );

  test("a name accepts a certificate that has it, and refuses another", async () => {
    const dialByName = async (hosts: string[]): Promise<string> => {
      const { port } = await nameless(hosts);
      const client = new EchoClient(`localhost:${String(port)}`, channelCredentials(pki.alice));
      open.push(client);
      return await client.unary("");
    };
    expect(await dialByName(["localhost"])).toBe("alice/client");
    await expect(dialByName(["127.0.0.1"])).rejects.toMatchObject({ code: "UNREACHABLE" });
  });
});

test("a channel shows the certificate of the last reload when it connects again", async () => {
  let pem = pki.alice.current;
  const renewed = await issueCertificate({ ca: pki.ca, kind: "client", name: "alice-renewed" });
  const tls = new TlsMaterial(() => pem);
  const server = await startEcho({ unary: whoami }, serverCredentials(pki.node), {
    "grpc.max_connection_idle_ms": 10,
  });
  open.push(server);
  const client = clientOf(server, channelCredentials(tls));
  // A call may meet a connection in the moment it closes; then it is refused or cut, and asked again.
  const shows = async (wanted: string, other: string): Promise<void> => {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const name = await client.unary("").catch((error: { category: string }) => error.category);
      if (name === wanted) return;
      expect([other, "unavailable", "unknown-outcome"]).toContain(name);
      if (Date.now() > deadline) throw new Error(`still ${name}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await shows("alice/client", "alice/client");
  pem = material(pki.ca, renewed).current;
  tls.reload();
  await shows("alice-renewed/client", "alice/client");
});

describe("TLS 1.2", () => {
  const aliceAt12 = (): tls.ConnectionOptions => ({
    ...pki.alice.current,
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.2",
  });
  const aliceAt13 = (): tls.ConnectionOptions => ({ ...pki.alice.current, minVersion: "TLSv1.3" });

  test("is refused", async () => {
    const server = await secureServer();
    expect(await handshake(server, aliceAt12())).toMatch(/^refused.*protocol version/);
    expect(await handshake(server, aliceAt13())).toBe("accepted");
  });

  test("is refused after the certificate was reloaded, too, and the new certificate is shown", async () => {
    const directory = mkdtempSync(join(tmpdir(), "cox-tls-"));
    const files = {
      ca: join(directory, "ca.crt"),
      cert: join(directory, "node.crt"),
      key: join(directory, "node.key"),
    };
    const write = (pem: { ca: string; cert: string; key: string }): void => {
      writeFileSync(files.ca, pem.ca);
      writeFileSync(files.cert, pem.cert);
      writeFileSync(files.key, pem.key);
    };
    try {
      write(pki.node.current);
      const loaded = loadTls(files);
      const server = await secureServer(loaded);
      const next = await issueCertificate({ ca: pki.ca, kind: "node", name: "node-1-renewed" });
      write(material(pki.ca, next).current);
      expect(loaded.reload()).toBe(true);
      const socket = tls.connect({
        port: server.port,
        host: "127.0.0.1",
        ca: pki.ca.certificate,
        ...aliceAt13(),
      });
      await once(socket, "secureConnect");
      expect(socket.getPeerCertificate().subject.CN).toBe("node-1-renewed");
      socket.destroy();
      expect(await handshake(server, aliceAt12())).toMatch(/^refused.*protocol version/);
      expect(await handshake(server, aliceAt13())).toBe("accepted");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("is refused by our clients", async () => {
    const server = tls.createServer({
      ...pki.node.current,
      maxVersion: "TLSv1.2",
      minVersion: "TLSv1.2",
      ALPNProtocols: ["h2"],
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    open.push(server);
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const client = new EchoClient(`127.0.0.1:${String(address.port)}`, channelCredentials(pki.alice));
    open.push(client);
    await expect(client.unary("")).rejects.toMatchObject({ code: "UNREACHABLE", category: "unavailable" });
  });
});
