import { X509Certificate, createPrivateKey } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { beforeAll, describe, expect, test } from "@jest/globals";
import {
  type CertificateKind,
  type KeyedCertificate,
  createCa,
  describeCertificate,
  issueCertificate,
} from "@coxswain/pki";

const dayMs = 86_400_000;
let ca: KeyedCertificate;

beforeAll(async () => {
  ca = await createCa({ clusterName: "test" });
});

describe("a CA", () => {
  test("is a self-signed CA for its cluster, good for ten years unless told otherwise", async () => {
    const nowMs = Date.UTC(2026, 0, 1);
    const made = await createCa({ clusterName: "north", nowMs });
    const certificate = new X509Certificate(made.certificate);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.subject).toBe("CN=north CA\nO=Coxswain");
    expect(describeCertificate(made.certificate)).toMatchObject({
      kind: "ca",
      name: "north CA",
      notAfterMs: nowMs + 3650 * dayMs,
    });
  });

  test("has a private key in PKCS#8 PEM on P-256", () => {
    expect(ca.privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(createPrivateKey(ca.privateKey).asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  });
});

describe("a certificate", () => {
  test.each<{ kind: CertificateKind; usages: string[] }>([
    { kind: "node", usages: ["serverAuth", "clientAuth"] },
    { kind: "admin", usages: ["clientAuth"] },
    { kind: "client", usages: ["clientAuth"] },
  ])("for a $kind says so in its OU and may be used as $usages", async ({ kind, usages }) => {
    const issued = await issueCertificate({ ca, kind, name: "someone" });
    const certificate = new X509Certificate(issued.certificate);
    expect(certificate.subject).toBe(`CN=someone\nOU=${kind}\nO=Coxswain`);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkIssued(new X509Certificate(ca.certificate))).toBe(true);
    expect(certificate.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(issued.privateKey))).toBe(true);
    expect(describeCertificate(issued.certificate)).toMatchObject({ kind, name: "someone", usages });
  });

  test("of a node names loopback and the hosts given, once each", async () => {
    const issued = await issueCertificate({
      ca,
      kind: "node",
      name: "n1",
      hosts: ["n1.example", "10.0.0.1", "localhost", "fd00::1"],
    });
    expect(describeCertificate(issued.certificate).hosts).toEqual([
      "localhost",
      "127.0.0.1",
      "0:0:0:0:0:0:0:1",
      "n1.example",
      "10.0.0.1",
      "FD00:0:0:0:0:0:0:1",
    ]);
    const certificate = new X509Certificate(issued.certificate);
    expect(certificate.checkHost("n1.example")).toBe("n1.example");
    expect(certificate.checkIP("::1")).toBeDefined();
    expect(certificate.checkIP("10.0.0.1")).toBe("10.0.0.1");
    expect(certificate.checkHost("other.example")).toBeUndefined();
  });

  test("of a client names no host, so that it cannot stand in for a node", async () => {
    const issued = await issueCertificate({ ca, kind: "client", name: "alice" });
    expect(describeCertificate(issued.certificate).hosts).toEqual([]);
  });

  test("is good from now for the days given, with five minutes of slack for slow clocks", async () => {
    const nowMs = Date.UTC(2030, 0, 1);
    const own = await createCa({ clusterName: "later", nowMs, days: 100 });
    const issued = await issueCertificate({ ca: own, kind: "client", name: "alice", days: 10, nowMs });
    expect(describeCertificate(issued.certificate)).toMatchObject({
      notBeforeMs: nowMs - 300_000,
      notAfterMs: nowMs + 10 * dayMs,
    });
  });

  test("never outlives its CA", async () => {
    const nowMs = Date.UTC(2030, 0, 1);
    const own = await createCa({ clusterName: "short", nowMs, days: 2 });
    const issued = await issueCertificate({ ca: own, kind: "client", name: "alice", nowMs });
    expect(describeCertificate(issued.certificate).notAfterMs).toBe(nowMs + 2 * dayMs);
  });

  test("carries a serial number of its own", async () => {
    const serials = await Promise.all(
      [1, 2, 3, 4].map(
        async () =>
          describeCertificate((await issueCertificate({ ca, kind: "client", name: "a" })).certificate)
            .serialNumber,
      ),
    );
    expect(new Set(serials).size).toBe(4);
  });

  test("stands in a mutual TLS 1.3 handshake", async () => {
    const node = await issueCertificate({ ca, kind: "node", name: "n1" });
    const client = await issueCertificate({ ca, kind: "client", name: "alice" });
    const server = tls.createServer({
      ca: ca.certificate,
      cert: node.certificate,
      key: node.privateKey,
      requestCert: true,
      minVersion: "TLSv1.3",
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, "secureConnection");
    const socket = tls.connect({
      port,
      host: "127.0.0.1",
      servername: "localhost",
      ca: ca.certificate,
      cert: client.certificate,
      key: client.privateKey,
    });
    const [serverSide] = (await accepted) as [tls.TLSSocket];
    expect(serverSide.authorized).toBe(true);
    expect(serverSide.getPeerCertificate().subject).toMatchObject({ CN: "alice", OU: "client" });
    socket.destroy();
    serverSide.destroy();
    server.close();
    await once(server, "close");
  });
});

describe("issuing refuses", () => {
  const invalid = { code: "INVALID_CERTIFICATE_REQUEST", category: "invalid" };

  test.each(["", " ", "a b", "-a", "a,CN=root", "a\nOU=admin", "a\0", "#0c", "x".repeat(65), "ünlaut"])(
    "the name %j",
    async (name) => {
      await expect(issueCertificate({ ca, kind: "client", name })).rejects.toMatchObject(invalid);
      await expect(createCa({ clusterName: name })).rejects.toMatchObject(invalid);
    },
  );

  test.each(["", "a b", "http://a", "a:80", "a..b", "-a", "*", "a.*"])("the host %j", async (host) => {
    await expect(issueCertificate({ ca, kind: "node", name: "n", hosts: [host] })).rejects.toMatchObject(
      invalid,
    );
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 36_501])("a validity of %p days", async (days) => {
    await expect(issueCertificate({ ca, kind: "node", name: "n", days })).rejects.toMatchObject(invalid);
  });

  test("an unknown kind", async () => {
    await expect(issueCertificate({ ca, kind: "root" as CertificateKind, name: "n" })).rejects.toMatchObject(
      invalid,
    );
  });

  test("to sign with a leaf, with a foreign key, with an expired CA, with rubbish", async () => {
    const unusable = { code: "UNUSABLE_CA", category: "invalid" };
    const leaf = await issueCertificate({ ca, kind: "node", name: "n" });
    const other = await createCa({ clusterName: "other" });
    const expired = await createCa({ clusterName: "old", days: 1, nowMs: Date.UTC(2020, 0, 1) });
    for (const bad of [
      leaf,
      { ...ca, privateKey: other.privateKey },
      expired,
      { certificate: "x", privateKey: "y" },
    ]) {
      await expect(issueCertificate({ ca: bad, kind: "client", name: "a" })).rejects.toMatchObject(unusable);
    }
  });
});
