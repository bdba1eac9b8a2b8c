import { describe, expect, test } from "@jest/globals";
import { TargetPolicy } from "../src/index.ts";

const SPECIAL = [
  "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
  "0.1.2.3", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
  "255.255.255.255", "::1", "::", "::127.0.0.1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
  "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001::1", "fe80::1",
  "fe80::1%eth0", "fec0::1", "fc00::1", "fd12::1", "ff02::1", "100::1", "2001:db8::1", "4000::1", "not an address", "",
];

describe("TargetPolicy", () => {
  test.each(SPECIAL)("%s is refused by default", (address) => {
    expect(new TargetPolicy([]).allows(address)).toBe(false);
  });

  test.each(["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])("%s is public", (address) => {
    expect(new TargetPolicy([]).allows(address)).toBe(true);
  });

  test("a range that is allowed is allowed, in either notation, and nothing beside it", () => {
    const policy = new TargetPolicy(["10.1.0.0/16", "fd00::/8"]);
    expect(["10.1.2.3", "::ffff:10.1.2.3", "fd12::1"].map((address) => policy.allows(address))).toEqual([true, true, true]);
    expect(["10.2.0.1", "127.0.0.1", "fc00::1"].map((address) => policy.allows(address))).toEqual([false, false, false]);
  });

  test("all means all", () => {
    expect(new TargetPolicy("all").allows("127.0.0.1")).toBe(true);
  });

  test.each(["10.1.2.3", "x/8", "10.0.0.0/33", ""])("%j is no CIDR and is refused at start", (cidr) => {
    expect(() => new TargetPolicy([cidr])).toThrow(RangeError);
  });
});
