import { strict as assert } from "node:assert";
import { Buffer } from "node:buffer";
import type { SuiteCase } from "../suite.ts";

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const BROKEN_UTF8 = Buffer.from([0xf0, 0x9f, 0x98, 0xc3, 0x28, 0x00]);

/** What attempts write. */
export const outputs: readonly SuiteCase[] = [
  {
    claim: "output is kept byte for byte: binary, broken UTF-8, without a newline",
    async run(bench) {
      const pieces = [EVERY_BYTE, BROKEN_UTF8].map((bytes) => ({ stream: "stdout" as const, bytes }));
      const { result, output, task } = await bench.finish(bench.fixture.writes(pieces));
      assert.equal(result.outcome, "succeeded", result.errorMessage);
      assert.deepEqual(output, Buffer.concat([EVERY_BYTE, BROKEN_UTF8]));
      assert.equal(task.output.totalBytes, output.length);
    },
  },
  {
    claim: "stdout and stderr stay apart, in order of arrival",
    needs: ["stderr"],
    async run(bench) {
      const piece = (stream: "stdout" | "stderr", text: string) => ({ stream, bytes: Buffer.from(text) });
      const pieces = [piece("stdout", "one\n"), piece("stderr", "two\n"), piece("stdout", "three\n")];
      const { task } = await bench.finish(bench.fixture.writes(pieces));
      const { chunks } = task.output.read(0, Infinity);
      const seen = chunks.map(({ stream, bytes }) => piece(stream, Buffer.from(bytes).toString()));
      assert.deepEqual(seen, pieces);
    },
  },
  {
    claim: "much output takes bounded memory: the newest bytes are kept, the rest is counted",
    async run(bench) {
      const sizeBytes = bench.fixture.outputCapacityBytes * 3 + 7;
      const { task, result } = await bench.finish(bench.fixture.floods(sizeBytes));
      assert.equal(result.outcome, "succeeded", result.errorMessage);
      const { output } = task;
      assert.ok(output.tail(Infinity).length <= bench.fixture.outputCapacityBytes);
      assert.equal(output.firstOffset, output.totalBytes - output.tail(Infinity).length);
    },
  },
];
