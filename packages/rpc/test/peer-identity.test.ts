import { describe, expect, test } from "@jest/globals";
import { localAdmin, localNode, peerIdentity, requireRole } from "@coxswain/rpc";

const callWith = (subject: object | undefined): Parameters<typeof peerIdentity>[0] => ({
  getAuthContext: () => (subject === undefined ? {} : { sslPeerCertificate: { subject } }),
});

describe("the peer of a call", () => {
  test.each([
    [
      { CN: "n1", OU: "node" },
      { name: "n1", role: "node" },
    ],
    [
      { CN: "root", OU: "admin" },
      { name: "root", role: "admin" },
    ],
    [
      { CN: "alice", OU: "client" },
      { name: "alice", role: "client" },
    ],
    [{ CN: "alice" }, { name: "alice", role: "client" }],
    [
      { CN: "alice", OU: "Admin" },
      { name: "alice", role: "client" },
    ],
  ])("of %j is %j", (subject, identity) => {
    expect(peerIdentity(callWith(subject))).toEqual(identity);
  });

  test.each([[{}], [{ CN: "" }], [{ CN: "  " }], [{ CN: ["a", "b"] }], [{ CN: "a", OU: ["node", "admin"] }]])(
    "of %j is nobody",
    (subject) => {
      expect(() => peerIdentity(callWith(subject))).toThrow(
        expect.objectContaining({ code: "UNAUTHENTICATED" }),
      );
    },
  );

  test("without a certificate is nobody, unless the server has no TLS and says whom to take it for", () => {
    expect(() => peerIdentity(callWith(undefined))).toThrow(
      expect.objectContaining({ code: "UNAUTHENTICATED" }),
    );
    expect(peerIdentity(callWith(undefined), localAdmin)).toEqual({ name: "local", role: "admin" });
    expect(peerIdentity(callWith(undefined), localNode)).toEqual({ name: "local", role: "node" });
  });

  test("with a certificate is its holder, even at a server without TLS", () => {
    expect(peerIdentity(callWith({ CN: "alice" }), localAdmin)).toEqual({ name: "alice", role: "client" });
  });
});

test("a call for nodes is denied to clients and admins", () => {
  expect(() => {
    requireRole({ name: "n", role: "node" }, "node");
  }).not.toThrow();
  for (const role of ["client", "admin"] as const) {
    expect(() => {
      requireRole({ name: "x", role }, "node");
    }).toThrow(expect.objectContaining({ code: "PERMISSION_DENIED", category: "denied" }));
  }
});
