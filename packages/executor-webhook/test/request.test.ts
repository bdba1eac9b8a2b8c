import { describe, expect, test } from "@jest/globals";
import type { WebhookTask } from "@coxswain/executor";
import { requestOf } from "../src/request.ts";
import { context } from "./bench.ts";

const url = "https://example.com/hook";

describe("requestOf", () => {
  test.each<[string, Omit<WebhookTask, "kind">]>([
    ["no URL", { url: "" }],
    ["a relative URL", { url: "/hook" }],
    ["another protocol", { url: "file:///etc/passwd" }],
    ["a line break in the URL", { url: "https://example.com/a\r\nHost: b" }],
    ["a line break in front of the URL", { url: "\nhttps://example.com/" }],
    ["a tab in the URL", { url: "https://exam\tple.com/" }],
    ["credentials in the URL", { url: "https://user:secret@example.com/" }],
    ["CR LF in a header", { url, headers: { a: "b\r\nc: d" } }],
    ["LF in a header", { url, headers: { a: "b\nc" } }],
    ["NUL in a header", { url, headers: { a: "b\0" } }],
    ["a header beyond Latin-1", { url, headers: { a: "€" } }],
    ["CR LF in a header's name", { url, headers: { "a\r\nb": "c" } }],
    ["an empty header name", { url, headers: { "": "c" } }],
    ["a header given twice", { url, headers: { A: "1", a: "2" } }],
    ["a header of the connection", { url, headers: { "Transfer-Encoding": "chunked" } }],
    ["another host", { url, headers: { Host: "internal" } }],
    ["another idempotency key", { url, headers: { "idempotency-key": "x" } }],
    ["a method with a space", { url, method: "GET /" }],
    ["CONNECT", { url, method: "CONNECT" }],
    ["a payload without a place", { url, method: "GET", payload: Uint8Array.of(1) }],
  ])("%s is refused", (_, task) => {
    expect(() => requestOf({ kind: "webhook", ...task }, context)).toThrow(expect.objectContaining({ code: "INVALID_TASK" }));
  });

  test("a header named __proto__ is a header like any other", () => {
    const headers = JSON.parse('{"__proto__": "x"}') as Record<string, string>;
    expect(Object.entries(requestOf({ kind: "webhook", url, headers }, context).headers)).toContainEqual(["__proto__", "x"]);
  });

  test("method and content type have defaults; the fragment stays here", () => {
    const request = requestOf({ kind: "webhook", url: `${url}?q=1#part`, method: "" }, context);
    expect(request).toMatchObject({ method: "POST", origin: "https://example.com", path: "/hook?q=1" });
    expect(request.headers["content-type"]).toBe("application/json");
  });
});
