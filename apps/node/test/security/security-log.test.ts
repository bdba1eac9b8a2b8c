import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { securityEventsPage } from "../../src/security/events-page.ts";
import { SECURITY_EVENTS } from "../../src/security/security-events.ts";
import { SecurityLog } from "../../src/security/security-log.ts";
import { HandClock } from "../../../../packages/worker/test/hand-clock.ts";
import { MemoryLogger } from "../nodes.ts";

function made(): { log: SecurityLog; logger: MemoryLogger; clock: HandClock } {
  const [logger, clock] = [new MemoryLogger(), new HandClock()];
  return { log: new SecurityLog({ logger, after: clock.after }), logger, clock };
}

const bob = { client: "bob", role: "client" } as const;

test("docs/reference/security-events.md says what the events are; if not, run npm run docs", () => {
  const page = readFileSync(new URL("../../../../docs/reference/security-events.md", import.meta.url), "utf8");
  expect(page).toBe(securityEventsPage());
});

test("the events of other rooms bear the names and messages of the table", () => {
  const worker = readFileSync(new URL("../../../../packages/worker/src/worker.ts", import.meta.url), "utf8");
  const succession = readFileSync(new URL("../../src/succession.ts", import.meta.url), "utf8");
  for (const [text, name] of [[worker, "attempt.started"], [worker, "attempt.ended"], [succession, "leadership.transferred"]] as const) {
    expect(text).toContain(`event: "${name}"`);
    expect(text).toContain(`"${SECURITY_EVENTS[name].message}"`);
  }
});

test("an event is one line with its name, its fields and a message that never changes", () => {
  const { log, logger } = made();
  log.record("job.deleted", { ...bob, from: "10.0.0.1:4711", jobId: "j1" });
  expect(logger.lines).toEqual([
    { level: "info", message: "job deleted", fields: { event: "job.deleted", ...bob, from: "10.0.0.1:4711", jobId: "j1" } },
  ]);
});

test("what a stranger can cause is limited for each host and cause, and counted; what a client may do is written in full", () => {
  const { log, logger, clock } = made();
  for (let port = 1; port <= 100; port++) log.record("handshake.refused", { from: `10.0.0.1:${port}`, cause: "CERT_HAS_EXPIRED" });
  log.record("handshake.refused", { from: "10.0.0.1:7", cause: "INVALID_PURPOSE" });
  log.record("handshake.refused", { from: "[::1]:7", cause: "CERT_HAS_EXPIRED" });
  expect(logger.lines).toHaveLength(12);
  clock.advance(60_000);
  expect(logger.lines.at(-1)).toEqual({
    level: "warn",
    message: "handshake refused",
    fields: { event: "handshake.refused", from: "10.0.0.1", cause: "CERT_HAS_EXPIRED", suppressed: 90 },
  });
  for (let job = 0; job < 50; job++) log.record("job.submitted", { ...bob, from: "10.0.0.1:4711", jobIds: [`j${job}`] });
  expect(logger.lines).toHaveLength(13 + 50);
});

test("one client's refusals of one call hide neither its others nor another client's", () => {
  const { log, logger } = made();
  const denied = { ...bob, from: "10.0.0.1:1", code: "JOB_PERMISSION_DENIED" };
  for (let times = 0; times < 50; times++) log.record("call.denied", { ...denied, call: "/a" });
  log.record("call.denied", { ...denied, call: "/b" });
  log.record("call.denied", { ...denied, client: "eve", call: "/a" });
  expect(logger.lines).toHaveLength(12);
  log.close();
  expect(logger.lines.at(-1)?.fields).toEqual({ event: "call.denied", client: "bob", call: "/a", suppressed: 40 });
});
