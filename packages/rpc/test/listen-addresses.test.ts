import { expect, test } from "@jest/globals";
import { listenAddresses } from "../src/listen-addresses.ts";

test("a name that has an address twice is listened on once", async () => {
  const twice = () => Promise.resolve([{ address: "::1" }, { address: "127.0.0.1" }, { address: "127.0.0.1" }]);
  expect(await listenAddresses("localhost", twice)).toEqual(["::1", "127.0.0.1"]);
});

test("an address is not looked up", async () => {
  const never = () => Promise.reject(new Error("looked up"));
  expect(await listenAddresses("::1", never)).toEqual(["::1"]);
});
