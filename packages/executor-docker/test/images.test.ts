import { Readable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { followPull } from "../src/images.ts";

const never = new AbortController().signal;

describe("the progress of a pull", () => {
  test("ends well when no line says otherwise, however the lines are cut", async () => {
    const text = '{"status":"Pulling"}\r\n{"status":"Done","progressDetail":{}}\r\n';
    await followPull(Readable.from([...text]), never);
  });

  test("an error among the lines is one, also behind a status of 200", async () => {
    const lines = ['{"status":"Pulling"}\n', '{"errorDetail":{"message":"unexpected EOF"},"error":"unexpected EOF"}\n'];
    await expect(followPull(Readable.from(lines), never)).rejects.toThrow("unexpected EOF");
    await expect(followPull(Readable.from(['{"errorDetail":{"message":"no end of line"}}']), never)).rejects.toThrow("no end of line");
  });

  test("is given up when it is called off", async () => {
    const stuck = new Readable({ read() {} });
    const abort = new AbortController();
    const follow = followPull(stuck, abort.signal);
    abort.abort();
    await expect(follow).rejects.toThrow();
    expect(stuck.destroyed).toBe(true);
  });
});
