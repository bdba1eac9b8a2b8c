import { expect, test } from "@jest/globals";
import type { OutputStream } from "../src/index.ts";
import { SegmentQueue } from "../src/segment-queue.ts";

const streamOf = (number: number): OutputStream => (number % 2 === 0 ? "stdout" : "stderr");

test("the stream of a byte is known for as long as its segment is, whatever was dropped before it", () => {
  const queue = new SegmentQueue(5);
  for (let number = 0; number < 40; number += 1) {
    queue.append(number * 10, streamOf(number));
    queue.append(number * 10 + 3, streamOf(number));
    if (number % 7 === 0) queue.dropBefore(number * 10 - 12);
    expect(number * 10 - queue.firstOffset).toBeLessThanOrEqual(40);
    for (let at = queue.firstOffset; at < number * 10 + 10; at += 1) {
      const segment = Math.floor(at / 10);
      expect(queue.at(at)).toEqual({ from: segment * 10, to: segment === number ? Infinity : segment * 10 + 10, stream: streamOf(segment) });
    }
  }
});

test("of what is all dropped the last segment stays, so that the next byte of its stream goes on with it", () => {
  const queue = new SegmentQueue(2);
  expect(queue.at(0)).toBeUndefined();
  queue.append(0, "stdout");
  queue.append(4, "stderr");
  queue.dropBefore(Infinity);
  queue.append(9, "stderr");
  expect(queue.firstOffset).toBe(4);
  expect(queue.at(9)).toEqual({ from: 4, to: Infinity, stream: "stderr" });
});
