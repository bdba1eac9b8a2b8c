import { Buffer } from "node:buffer";
import { describe, expect, test } from "@jest/globals";
import type { OutputStream } from "@coxswain/executor";
import { Demultiplexer } from "../src/demultiplexer.ts";

const KIND = { stdout: 1, stderr: 2 } as const;

function frame(stream: OutputStream, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = KIND[stream];
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

function demultiplex(chunks: readonly Buffer[]): { stream: OutputStream; text: string }[] {
  const seen: { stream: OutputStream; text: string }[] = [];
  const demultiplexer = new Demultiplexer((bytes, stream) => void seen.push({ stream, text: bytes.toString("latin1") }));
  for (const chunk of chunks) demultiplexer.write(chunk);
  return seen;
}

describe("the demultiplexer", () => {
  test("keeps streams apart and in order", () => {
    const stream = [frame("stdout", "a"), frame("stderr", "b"), frame("stdout", "c")];
    expect(demultiplex([Buffer.concat(stream)])).toEqual([
      { stream: "stdout", text: "a" },
      { stream: "stderr", text: "b" },
      { stream: "stdout", text: "c" },
    ]);
  });

  test("takes frames that are cut anywhere, also in their headers", () => {
    const stream = Buffer.concat([frame("stdout", "one "), frame("stdout", ""), frame("stderr", "two "), frame("stdout", "three")]);
    for (let size = 1; size <= stream.length; size += 1) {
      const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) => stream.subarray(i * size, (i + 1) * size));
      const seen = demultiplex(chunks);
      expect(seen.map(({ text }) => text).join("")).toBe("one two three");
      expect(seen.filter((piece) => piece.stream === "stderr").map(({ text }) => text).join("")).toBe("two ");
    }
  });

  test("a hundred thousand frames of one byte in one chunk overflow nothing and arrive as one piece", () => {
    const frames = Array.from({ length: 100_000 }, (_, i) => frame("stdout", String(i % 10)));
    const seen = demultiplex([Buffer.concat(frames)]);
    expect(seen.length).toBe(1);
    expect(seen[0]?.text).toBe("0123456789".repeat(10_000));
  });

  test("what is no frame is refused", () => {
    expect(() => demultiplex([Buffer.from("plain text, no frames")])).toThrow("frame of kind 112");
  });
});
