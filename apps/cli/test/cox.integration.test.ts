// The installed program as a process: exit codes, streams and signals.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type Server, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";

const bin = fileURLToPath(new URL("../bin/cox.js", import.meta.url));

function start(...args: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [bin, ...args], { env: { PATH: process.env["PATH"] } });
}

async function cox(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = start(...args);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

describe("the cox program", () => {
  test("prints its version and help", async () => {
    expect(await cox("version")).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
    expect(await cox("--help")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Exit codes:"),
      stderr: "",
    });
  });

  test("ends with 5 and advice when no node runs", async () => {
    const ran = await cox("job", "list", "-s", "127.0.0.1:1", "--request-timeout", "300ms");
    expect(ran).toMatchObject({ code: 5, stdout: "", stderr: expect.stringContaining("cox server start") });
    expect(ran.stderr).not.toMatch(/\n\s+at /);
  });

  test("makes certificates", async () => {
    const directory = mkdtempSync(join(tmpdir(), "cox-bin-"));
    try {
      expect((await cox("cert", "init", "--dir", directory)).code).toBe(0);
      expect((await cox("cert", "issue", "node", "node-1", "--dir", directory)).code).toBe(0);
      expect(readdirSync(directory).sort()).toEqual(["ca.crt", "ca.key", "node-1.crt", "node-1.key"]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("ends with 130 on ^C, without a word", async () => {
    const mute = createServer().listen(0, "127.0.0.1");
    await once(mute, "listening");
    try {
      const connected = once(mute, "connection");
      const child = start("job", "list", "-s", `127.0.0.1:${String(port(mute))}`);
      let stderr = "";
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      await connected;
      child.kill("SIGINT");
      const [code] = (await once(child, "close")) as [number | null];
      expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
    } finally {
      mute.close();
    }
  });

  test("ends quietly when nobody reads its output", async () => {
    const child = start("--help");
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

function port(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}
