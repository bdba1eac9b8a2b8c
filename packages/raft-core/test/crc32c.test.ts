import { expect, test } from "@jest/globals";
import { crc32c } from "../src/crc32c.ts";

const ascending = Uint8Array.from({ length: 32 }, (_, position) => position);
// RFC 3720, appendix B.4: an iSCSI SCSI Read (10) command PDU.
const read10 = Buffer.from(
  "01c0000000000000000000000000000014000000000004000000001400000018" + "28000000000000000200000000000000",
  "hex",
);

test.each([
  ["nothing", new Uint8Array(0), 0x0000_0000],
  ["32 bytes of zeroes", new Uint8Array(32), 0x8a91_36aa],
  ["32 bytes of ones", new Uint8Array(32).fill(0xff), 0x62a8_ab43],
  ["32 ascending bytes", ascending, 0x46dd_794e],
  ["32 descending bytes", ascending.toReversed(), 0x113f_db5c],
  ["an iSCSI read command", read10, 0xd996_3a56],
  ["the digits 1 to 9", Buffer.from("123456789"), 0xe306_9283],
])("the published checksum of %s is met", (_what, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
});

test("a range is checked as if it stood alone, wherever it begins", () => {
  for (let start = 0; start < 8; start++) {
    for (let end = start; end < 32; end++)
      expect(crc32c(ascending, start, end)).toBe(crc32c(ascending.slice(start, end)));
  }
});
