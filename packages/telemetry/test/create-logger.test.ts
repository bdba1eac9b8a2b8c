import { describe, expect, test } from "@jest/globals";
import { type CreateLoggerOptions, createLogger } from "@coxswain/telemetry";

function capture(options: CreateLoggerOptions = {}): {
  logger: ReturnType<typeof createLogger>;
  lines: string[];
  records(): Record<string, unknown>[];
} {
  const lines: string[] = [];
  const logger = createLogger({ ...options, destination: { write: (line) => void lines.push(line) } });
  return { logger, lines, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe("a logger", () => {
  test("writes one JSON object a line with level, ISO time, node, fields and message", () => {
    const { logger, lines, records } = capture({ node: 2 });
    logger.info({ jobId: "j1" }, "job completed");
    expect(lines[0]).toMatch(/}\n$/);
    expect(records()).toEqual([
      {
        level: "info",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        node: 2,
        jobId: "j1",
        msg: "job completed",
      },
    ]);
  });

  test("leaves out what is below its level", () => {
    const { logger, records } = capture({ level: "WARN" });
    logger.info({}, "quiet");
    logger.warn({}, "loud");
    logger.error({}, "louder");
    expect(records().map(({ msg }) => msg)).toEqual(["loud", "louder"]);
  });

  test("shows an error with its code, stack and cause", () => {
    const { logger, records } = capture();
    const error = Object.assign(new Error("no leader", { cause: new Error("split") }), {
      code: "NOT_LEADER",
    });
    logger.error({ error }, "submit failed");
    expect(records()[0]).toMatchObject({
      error: {
        code: "NOT_LEADER",
        message: expect.stringContaining("no leader"),
        stack: expect.stringContaining("split"),
      },
    });
  });

  test("redacts secrets at any of the depths that jobs have", () => {
    const { logger, lines } = capture();
    logger.info(
      {
        token: "s3cret",
        tls: { key: "s3cret" },
        job: { task: { process: { env: { A: "s3cret" } } } },
        task: { webhook: { headers: { a: "s3cret" }, payload: "s3cret" } },
      },
      "x",
    );
    expect(lines.join("")).not.toContain("s3cret");
    expect(lines.join("")).toContain("[redacted]");
  });

  test("gives children that add their fields", () => {
    const { logger, records } = capture({ node: 1 });
    logger.child({ room: "worker" }).warn({ attempt: 2 }, "lost");
    expect(records()[0]).toMatchObject({ node: 1, room: "worker", attempt: 2 });
  });

  test("writes lines for people when asked to", () => {
    const { logger, lines } = capture({ pretty: true, node: 3 });
    logger.info({ jobId: "j1" }, "job completed");
    expect(lines.join("")).toMatch(/INFO.*job completed.*"jobId":"j1"/);
  });

  test("refuses a level that does not exist and names those that do", () => {
    expect(() => createLogger({ level: "loud" })).toThrow(
      expect.objectContaining({ code: "INVALID_LOG_LEVEL", message: expect.stringContaining("debug") }),
    );
  });
});
