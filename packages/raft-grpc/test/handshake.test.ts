import { expect, test } from "@jest/globals";
import { checkHandshake, handshakeTo } from "../src/handshake.ts";

const self = { id: 1, uuid: "uuid-1", clusterId: "cluster-1" };
const members = new Map([1, 2].map((id) => [id, { id, uuid: `uuid-${id}`, address: `host-${id}:1` }] as const));
const good = handshakeTo({ id: 2, uuid: "uuid-2", clusterId: "cluster-1" }, 1);

test("a member that calls this node by its id is known", () => {
  expect(checkHandshake(self, members, good)).toEqual(members.get(2));
});

test.each([
  ["no handshake", undefined, "PROTOCOL_VIOLATION", "invalid"],
  ["another version", { ...good, protocolVersion: 2 }, "PROTOCOL_VERSION_UNSUPPORTED", "conflict"],
  ["a foreign cluster", { ...good, clusterId: "cluster-2" }, "FOREIGN_CLUSTER", "conflict"],
  ["no cluster", { ...good, clusterId: "" }, "FOREIGN_CLUSTER", "conflict"],
  ["another recipient", { ...good, to: 3 }, "WRONG_RECIPIENT", "conflict"],
  ["an unknown member", { ...good, from: 9 }, "UNKNOWN_MEMBER", "denied"],
  ["this node itself", { ...good, from: 1, fromUuid: "uuid-1" }, "UNKNOWN_MEMBER", "denied"],
  ["a wiped member", { ...good, fromUuid: "uuid-new" }, "WRONG_UUID", "denied"],
] as const)("%s is refused as %s", (_who, handshake, code, category) => {
  expect(() => checkHandshake(self, members, handshake)).toThrow(expect.objectContaining({ code, category }));
});
