import { expect, test } from "@jest/globals";
import { ServerList, isLoopback } from "../src/server-list.ts";

test("addresses get the default port, brackets where IPv6 needs them, and appear once", () => {
  expect(new ServerList(["a", "a:50051", " b:1 ", "::1", "[::1]:7"]).all).toEqual([
    "a:50051",
    "b:1",
    "[::1]:50051",
    "[::1]:7",
  ]);
});

test("a failing server is left for the next one, unless it was left already", () => {
  const servers = new ServerList(["a:1", "b:1", "c:1"]);
  servers.failed("a:1");
  servers.failed("a:1");
  expect(servers.current).toBe("b:1");
  servers.failed("b:1");
  servers.failed("c:1");
  expect(servers.current).toBe("a:1");
});

test("a leader among the servers is preferred; any other address is ignored", () => {
  const servers = new ServerList(["a:1", "b:1"]);
  servers.prefer("b:1");
  servers.prefer("evil:1");
  servers.prefer(undefined);
  expect(servers.current).toBe("b:1");
});

test.each(["a b", "a:1:2", "http://a", "a:99999999", "", "a/b:1"])("%j is no server", (address) => {
  expect(() => new ServerList([address])).toThrow(expect.objectContaining({ code: "INVALID_SERVER" }));
});

test("loopback is 127/8, ::1 and localhost", () => {
  expect(["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"].map(isLoopback)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(
    ["128.0.0.1:1", "0.0.0.0:1", "[::]:1", "localhost.evil:1", "127.0.0.1.evil:1"].map(isLoopback),
  ).toEqual([false, false, false, false, false]);
});
