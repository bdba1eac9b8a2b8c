import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createCa, issueCertificate } from "@coxswain/pki";
import type { KeyedCertificate } from "@coxswain/pki";
import type { TlsMaterial } from "@coxswain/rpc";
import { channelCredentials, PermissionDeniedError, serverCredentials, tlsFromPem } from "@coxswain/rpc";
import { identifyPeer } from "../src/index.ts";
import { identityOf, member, Pier, Ship } from "./harbour.ts";

let ca: KeyedCertificate;
let pier: Pier;
const ships: Ship[] = [];

async function material(kind: "node" | "client" | "admin", name: string, issuer: KeyedCertificate = ca): Promise<TlsMaterial> {
  const { certificate, privateKey } = await issueCertificate({ ca: issuer, kind, name });
  return tlsFromPem({ ca: issuer.certificate, cert: certificate, key: privateKey });
}

async function ship(kind: "node" | "client" | "admin", name: string, issuer: KeyedCertificate = ca): Promise<Ship> {
  const tls = await material(kind, name, issuer);
  const opened = new Ship(1, [member(1, "127.0.0.1:1"), member(2, pier.address)], { credentials: () => channelCredentials(tls) });
  ships.push(opened);
  opened.transport.send([{ type: "timeoutNow", from: 1, to: 2, term: 1 }]);
  return opened;
}

beforeAll(async () => {
  ca = await createCa({ clusterName: "test" });
  const tls = await material("node", "node-2");
  pier = new Pier(2, {
    insecurePeer: undefined as never,
    authorizeMember: (caller, { id }) => {
      if (caller.name !== `node-${id}`) throw new PermissionDeniedError(`${caller.name} may not speak for node ${id}`);
    },
  });
  await pier.listen(0, serverCredentials(tls));
  const two = new Ship(2, [member(1, "127.0.0.1:1"), member(2, pier.address)]);
  ships.push(two);
  pier.transport = two.transport;
});

afterAll(async () => {
  for (const { transport } of ships) await transport.close();
  pier.close();
});

test("a node with its own certificate is heard", async () => {
  const arrived = new Promise((resolve) => pier.transport?.onMessages(resolve));
  await ship("node", "node-1");
  await expect(arrived).resolves.toEqual([{ type: "timeoutNow", from: 1, to: 2, term: 1 }]);
});

test.each([
  ["client", "node-1"],
  ["admin", "node-1"],
  ["node", "node-3"],
] as const)("a %s certificate of %s may not speak for node 1", async (kind, name) => {
  const { error } = await (await ship(kind, name)).event("peerLost");
  expect(error).toMatchObject({ code: "PERMISSION_DENIED" });
});

test("a certificate of another CA does not connect", async () => {
  const other = await createCa({ clusterName: "other" });
  const { error } = await (await ship("node", "node-1", other)).event("peerLost");
  expect(error).toMatchObject({ code: expect.stringMatching(/UNREACHABLE|CONNECTION_LOST/) });
});

test("only nodes may ask who a node is", async () => {
  const request = { nodeId: 1, nodeUuid: "uuid-1" };
  const ask = async (kind: "node" | "client") =>
    identifyPeer(pier.address, channelCredentials(await material(kind, "node-1")), request);
  await expect(ask("node")).resolves.toEqual(identityOf(2));
  await expect(ask("client")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
});
