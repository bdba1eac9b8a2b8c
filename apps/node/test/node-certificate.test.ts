import { expect, test } from "@jest/globals";
import { createCa, issueCertificate } from "@coxswain/pki";
import type { CertificateKind } from "@coxswain/pki";
import { checkNodeCertificate, namesHost } from "../src/node-certificate.ts";

const FILES = { ca: "ca.crt", cert: "node.crt" };
const DAY_MS = 86_400_000;

async function pemOf(kind: CertificateKind): Promise<{ ca: string; cert: string; key: string }> {
  const ca = await createCa({ clusterName: "test" });
  const { certificate, privateKey } = await issueCertificate({ ca, kind, name: "node-1", days: 2 });
  return { ca: ca.certificate, cert: certificate, key: privateKey };
}

test("a node's certificate from the CA named is taken", async () => {
  const pem = await pemOf("node");
  expect(() => checkNodeCertificate(pem, FILES, Date.now())).not.toThrow();
});

test("in a bundle of CAs, as during a change of CAs, any of them may have issued it", async () => {
  const [old, next] = [await pemOf("node"), await pemOf("node")];
  expect(() => checkNodeCertificate({ ...next, ca: `${old.ca}\n${next.ca}` }, FILES, Date.now())).not.toThrow();
});

test.each([
  ["client", 0, /node\.crt is a certificate of kind client, not node/],
  ["admin", 0, /kind admin/],
  ["node", 3 * DAY_MS, /has expired/],
  ["node", -3 * DAY_MS, /is not valid before .*clock/],
] as const)("one of kind %s, looked at %d ms from now, is refused: %s", async (kind, shiftMs, message) => {
  const pem = await pemOf(kind);
  expect(() => checkNodeCertificate(pem, FILES, Date.now() + shiftMs)).toThrow(message);
});

test("one of another CA is refused, naming both files", async () => {
  const [own, foreign] = [await pemOf("node"), await pemOf("node")];
  expect(() => checkNodeCertificate({ ...own, ca: foreign.ca }, FILES, Date.now())).toThrow(/node\.crt was not issued by the CA in ca\.crt/);
});

test("whether others accept it for an address is known beforehand", async () => {
  const pem = await pemOf("node");
  expect(["127.0.0.1:50051", "[::1]:50051", "localhost:50051"].map((address) => namesHost(pem, address))).toEqual([true, true, true]);
  expect(["10.0.0.1:50051", "node-1.example:50051"].map((address) => namesHost(pem, address))).toEqual([false, false]);
});
