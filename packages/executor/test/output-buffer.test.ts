import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "@jest/globals";
import { OutputBuffer } from "../src/index.ts";
import type { OutputStream } from "../src/index.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function filled(capacityBytes: number, ...pieces: string[]): OutputBuffer {
  const output = new OutputBuffer({ capacityBytes });
  for (const piece of pieces) output.write(Buffer.from(piece), "stdout");
  return output;
}

describe("OutputBuffer", () => {
  test("offsets are absolute: a reader goes on where it left off, while the ring wraps", () => {
    const output = filled(4, "abc");
    const first = output.read(0, 2);
    expect(text(first.chunks[0]!.bytes)).toBe("ab");
    output.write(Buffer.from("def"), "stdout");
    const second = output.read(first.nextOffset, 100);
    expect(second.gap).toBeUndefined();
    expect(second.chunks[0]!.offset).toBe(2);
    expect(second.chunks.map((chunk) => text(chunk.bytes)).join("")).toBe("cdef");
    expect(second.nextOffset).toBe(6);
  });

  test("a reader that was overtaken is told exactly which bytes are gone", () => {
    const output = filled(4, "abcdefgh");
    const read = output.read(1, 100);
    expect(read.gap).toEqual({ from: 1, to: 4 });
    expect(text(read.chunks[0]!.bytes)).toBe("efgh");
  });

  test("an output whose beginning is gone begins with a gap; its offsets are not those of the bytes that are gone", async () => {
    const output = new OutputBuffer({ capacityBytes: 100, startOffset: 1_000 });
    expect([output.firstOffset, output.totalBytes, output.tail(Infinity).length]).toEqual([1_000, 1_000, 0]);
    const early = output.reader({ offset: 7 });
    const late = output.reader({ tailBytes: 2 });
    output.write(Buffer.from("after"), "stderr");
    output.end();
    expect(await early.next()).toMatchObject({ value: { kind: "gap", from: 7, to: 1_000 } });
    expect(await early.next()).toMatchObject({ value: { kind: "chunk", offset: 1_000, stream: "stderr" } });
    expect(await late.next()).toMatchObject({ value: { kind: "gap", from: 998, to: 1_000 } });
    expect(output.read(0, 100)).toMatchObject({ gap: { from: 0, to: 1_000 }, nextOffset: 1_005, ended: true });
    expect([text(output.tail(Infinity)), output.totalBytes]).toEqual(["after", 1_005]);
    for (const startOffset of [-1, 0.5, NaN]) expect(() => new OutputBuffer({ capacityBytes: 1, startOffset })).toThrow("startOffset");
  });

  test("bytes that were read are not overwritten by later output", () => {
    const output = filled(4, "abcd");
    const { chunks } = output.read(0, 4);
    const tail = output.tail(4);
    output.write(Buffer.from("WXYZ"), "stdout");
    expect(text(chunks[0]!.bytes) + text(tail)).toBe("abcdabcd");
  });

  test("what is kept takes no more memory than its capacity and two pages", () => {
    const output = new OutputBuffer({ capacityBytes: 1_000_000 });
    for (let i = 0; i < 1_200; i += 1) {
      output.write(Buffer.alloc(1 + ((i * 7919) % 3_000)), "stdout");
      expect(output.heldBytes).toBeLessThanOrEqual(1_000_000 + 2 * 65_536);
    }
    expect(output.tail(Infinity).length).toBe(1_000_000);
    output.discard();
    expect([output.heldBytes, output.closed, output.firstOffset]).toEqual([0, true, output.totalBytes]);
  });

  test("a reader who comes after the end gets what is kept, then the end", () => {
    const output = filled(10, "abc");
    output.end();
    expect(output.read(0, 2)).toMatchObject({ nextOffset: 2, ended: false });
    expect(output.read(2, 2)).toMatchObject({ nextOffset: 3, ended: true });
    expect(output.read(99, 2)).toMatchObject({ nextOffset: 3, ended: true, chunks: [] });
    output.write(Buffer.from("late"), "stdout");
    expect(output.totalBytes).toBe(3);
  });

  test("listeners hear each write and the end, until they leave", () => {
    const output = new OutputBuffer({ capacityBytes: 10 });
    let heard = 0;
    let left = 0;
    output.onChange(() => (heard += 1));
    const leave = output.onChange(() => (left += 1));
    output.write(Buffer.from("a"), "stdout");
    leave();
    output.write(Buffer.alloc(0), "stdout");
    output.end();
    output.end();
    expect([heard, left]).toEqual([2, 1]);
  });

  test("alternating single bytes overwrite early rather than grow without bound", () => {
    const output = new OutputBuffer({ capacityBytes: 1600 });
    for (let i = 0; i < 10_000; i += 1) output.write(Buffer.from([i & 255]), i % 2 ? "stderr" : "stdout");
    const read = output.read(0, Infinity);
    expect(read.chunks.length).toBe(100);
    expect(read.gap).toEqual({ from: 0, to: 9_900 });
    expect(read.chunks.at(-1)).toMatchObject({ offset: 9_999, stream: "stderr" });
  });

  test.each([0, -1, 1.5, NaN, Infinity])("a capacity of %p is refused", (capacityBytes) => {
    expect(() => new OutputBuffer({ capacityBytes })).toThrow(RangeError);
  });

  test("whatever is written and read, bytes and streams are those written, or a gap says which are gone", () => {
    const streams = fc.constantFrom<OutputStream>("stdout", "stderr");
    const writes = fc.array(fc.tuple(streams, fc.uint8Array({ maxLength: 40 })), { maxLength: 60 });
    const claim = (capacityBytes: number, pieces: [OutputStream, Uint8Array][], step: number): void => {
      const output = new OutputBuffer({ capacityBytes });
      const all: { byte: number; stream: OutputStream }[] = [];
      let offset = 0;
      for (const [stream, bytes] of pieces) {
        output.write(bytes, stream);
        for (const byte of bytes) all.push({ byte, stream });
        const read = output.read(offset, step);
        const start = read.gap?.to ?? offset;
        const seen = read.chunks.flatMap(({ bytes: some, stream: of }) => [...some].map((byte) => ({ byte, stream: of })));
        expect(seen).toEqual(all.slice(start, read.nextOffset));
        expect(read.gap?.from ?? offset).toBe(offset);
        offset = read.nextOffset;
        const kept = all.slice(output.firstOffset).map(({ byte }) => byte);
        expect([...output.tail(Infinity)]).toEqual(kept);
        expect(kept.length).toBeLessThanOrEqual(capacityBytes);
      }
      expect(output.totalBytes).toBe(all.length);
    };
    fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), writes, fc.integer({ min: 0, max: 50 }), claim));
  });
});
