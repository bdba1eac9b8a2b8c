import { describe, expect, test } from "@jest/globals";
import { cox, fakeClient, jobStatus } from "./fake-cli.ts";

const status = async (): Promise<ReturnType<typeof jobStatus>> => jobStatus();
const connected = async (args: string[], env: Record<string, string> = {}): Promise<unknown> =>
  (await cox(args, { status }, { env })).connections[0];

describe("the cluster is found", () => {
  test("on this machine, unless told otherwise", async () => {
    expect(await connected(["job", "status", "j"])).toEqual({ servers: ["127.0.0.1:50051"], name: "cox" });
  });

  test("by flags before or after the command, more than one, with commas or repeated", async () => {
    expect(await connected(["-s", "a:1,b:2", "job", "status", "j"])).toMatchObject({
      servers: ["a:1", "b:2"],
    });
    expect(await connected(["job", "status", "j", "-a", "a:1", "--addr", "b:2"])).toMatchObject({
      servers: ["a:1", "b:2"],
    });
  });

  test("by the environment, which flags go before", async () => {
    const env = { COX_SERVER: "e:1, f:2", COX_CA_CERT: "/ca", COX_CERT: "/c", COX_KEY: "/k" };
    expect(await connected(["job", "status", "j"], env)).toMatchObject({
      servers: ["e:1", "f:2"],
      tls: { ca: "/ca", cert: "/c", key: "/k" },
    });
    expect(await connected(["job", "status", "j", "-s", "a:1", "--key", "/other"], env)).toMatchObject({
      servers: ["a:1"],
      tls: { ca: "/ca", cert: "/c", key: "/other" },
    });
  });

  test("without TLS on another machine only when that is said", async () => {
    expect(await connected(["--insecure", "job", "status", "j"], { COX_CA_CERT: "/ca" })).toEqual({
      servers: ["127.0.0.1:50051"],
      name: "cox",
      insecure: true,
    });
  });

  test("not with half of TLS", async () => {
    expect(await cox(["job", "status", "j", "--cert", "/c"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("all three"),
      connections: [],
    });
  });

  test("within the time given", async () => {
    expect(await connected(["job", "status", "j", "--request-timeout", "2s"])).toMatchObject({
      timeoutMs: 2_000,
    });
  });
});

describe("cox", () => {
  test("prints its version either way", async () => {
    for (const args of [["version"], ["--version"], ["-V"]])
      expect(await cox(args)).toMatchObject({ exitCode: 0, stdout: "9.8.7\n" });
  });

  test("explains itself, with exit codes, and each command with examples", async () => {
    const help = await cox(["--help"]);
    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    for (const text of ["job", "cluster", "log", "cert", "server", "Exit codes:", "7  outcome unknown"])
      expect(help.stdout).toContain(text);
    const submit = await cox(["job", "submit", "--help"]);
    for (const text of ["--cron", "--webhook", "--on-node-loss", "cox job submit --at +3s", "COX_SERVER"])
      expect(submit.stdout).toContain(text);
  });

  test("refuses what it does not know and suggests what it does", async () => {
    expect(await cox(["job", "sumbit", "x"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("submit"),
    });
    expect((await cox(["jobs"])).exitCode).toBe(2);
    expect((await cox([])).exitCode).toBe(2);
    expect((await cox(["job"])).exitCode).toBe(2);
    expect((await cox(["job", "status", "j", "-o", "yaml"])).exitCode).toBe(2);
  });

  test("says what failed without a stack when an error has no code", async () => {
    const ran = await cox(["job", "status", "j"], {
      status: () => {
        throw new TypeError("odd");
      },
    });
    expect(ran).toMatchObject({ exitCode: 1, stderr: "error: odd\n" });
  });

  test("says so when it cannot connect", async () => {
    const connect = (): never => {
      throw Object.assign(new Error("10.0.0.1:1 is not on this machine"), {
        code: "TLS_REQUIRED",
        category: "invalid",
      });
    };
    expect(await cox(["job", "status", "j"], {}, { connect })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--insecure"),
    });
  });

  test("ends with 130 and closes its client on ^C", async () => {
    const aborter = new AbortController();
    let fail: (error: Error) => void = () => undefined;
    const client = fakeClient({
      status: () =>
        new Promise((_resolve, reject) => {
          fail = reject;
          queueMicrotask(() => {
            aborter.abort();
          });
        }),
      close: () => {
        fail(new Error("closed"));
      },
    });
    expect(
      await cox(["job", "status", "j"], {}, { connect: () => client, signal: aborter.signal }),
    ).toMatchObject({ exitCode: 130, stderr: "" });
  });
});

describe("cox server start", () => {
  test("is refused where there is nothing to start", async () => {
    expect(await cox(["server", "start"], {}, { startServer: undefined as never })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("install"),
    });
  });

  test("hands every flag on as it is, also those that cox itself knows, and keeps the exit code", async () => {
    const given: (readonly string[])[] = [];
    const startServer = async (flags: readonly string[]): Promise<number> => (given.push(flags), 9);
    const flags = [
      "--node-id",
      "1",
      "--cert",
      "c",
      "--key",
      "k",
      "-s",
      "x",
      "--peers",
      "2:a:1",
      "--insecure",
      "--unknown=1",
    ];
    expect(await cox(["server", "start", ...flags], {}, { startServer })).toMatchObject({
      exitCode: 9,
      stderr: "",
      connections: [],
    });
    await cox(["server", "start", "--help"], {}, { startServer });
    await cox(["server", "start"], {}, { startServer: async (none) => (given.push(none), 0) });
    expect(given).toEqual([flags, ["--help"], []]);
  });
});
