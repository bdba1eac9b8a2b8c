import {
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  readdirSync,
  chmodSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Ran, cox } from "./fake-cli.ts";

let dir: string;

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), "cox-cert-")), "certs");
});

afterEach(() => {
  rmSync(join(dir, ".."), { recursive: true });
});

const cert = (...args: string[]): Promise<Ran> => cox(["cert", ...args, "--dir", dir]);
const mode = (file: string): number => statSync(join(dir, file)).mode & 0o777;
const text = (file: string): string => readFileSync(join(dir, file), "utf8");

describe("cox cert", () => {
  test("makes a CA and certificates, for nobody else to read", async () => {
    expect(await cert("init", "--cluster-name", "demo")).toMatchObject({
      exitCode: 0,
      stdout: `${dir}/ca.crt\n${dir}/ca.key\n`,
    });
    expect(
      (await cert("issue", "node", "node-1", "--host", "a.example", "--host", "10.1.2.3", "--days", "30"))
        .exitCode,
    ).toBe(0);
    expect((await cert("issue", "client", "alice")).exitCode).toBe(0);
    for (const file of readdirSync(dir)) expect([file, mode(file)]).toEqual([file, 0o600]);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    const node = new X509Certificate(text("node-1.crt"));
    expect(node.verify(new X509Certificate(text("ca.crt")).publicKey)).toBe(true);
    expect(node.checkHost("a.example")).toBe("a.example");
    expect(text("alice.key")).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });

  test("replaces nothing unless told to, and then makes it private again", async () => {
    await cert("init");
    const before = text("ca.key");
    expect(await cert("init")).toMatchObject({
      exitCode: 6,
      stdout: "",
      stderr: expect.stringContaining("--force"),
    });
    expect(text("ca.key")).toBe(before);
    await cert("issue", "client", "alice");
    expect((await cert("issue", "admin", "alice")).exitCode).toBe(6);
    chmodSync(join(dir, "alice.key"), 0o644);
    const elsewhere = join(dir, "..", "elsewhere");
    writeFileSync(elsewhere, "mine");
    rmSync(join(dir, "alice.crt"));
    symlinkSync(elsewhere, join(dir, "alice.crt"));
    expect((await cert("issue", "admin", "alice", "--force")).exitCode).toBe(0);
    expect(mode("alice.key")).toBe(0o600);
    expect(readFileSync(elsewhere, "utf8")).toBe("mine");
    expect(new X509Certificate(text("alice.crt")).subject).toContain("OU=admin");
  });

  test("shows a certificate", async () => {
    await cert("init", "--cluster-name", "demo");
    await cert("issue", "node", "node-1");
    const { stdout } = await cox(["cert", "show", join(dir, "node-1.crt")]);
    expect(stdout).toMatch(
      /^Name {9}node-1\nKind {9}node\nIssuer {7}CN=demo CA, O=Coxswain\nValid from {3}2026-01-02T14:59:05.000Z\nValid until {2}2027-01-02T15:04:05.000Z\nHosts {8}localhost, 127.0.0.1/,
    );
    const json = await cox(["cert", "show", join(dir, "ca.crt"), "-o", "json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ name: "demo CA", kind: "ca", usages: [] });
    expect(JSON.parse((await cox(["-o", "json", "cert", "show", join(dir, "ca.crt")])).stdout)).toMatchObject(
      { kind: "ca" },
    );
  });

  test.each([
    [["issue", "client", "alice"], 1, "cox cert init"],
    [["issue", "king", "alice"], 1, "cox cert init"],
    [["show", "/nowhere.crt"], 1, "check the path"],
    [["init", "--days", "0"], 2, "--days"],
    [["init", "--cluster-name", "../x"], 2, "letters"],
  ])("%j without what it needs ends with %i and says what to do", async (args, exitCode, advice) => {
    const ran = await (args[0] === "show" ? cox(["cert", ...args]) : cert(...args));
    expect(ran.exitCode).toBe(exitCode);
    expect(ran.stderr).toContain(advice);
  });

  test("refuses kinds and names that are none", async () => {
    await cert("init");
    expect(await cert("issue", "king", "alice")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("node, admin or client"),
    });
    expect(await cert("issue", "client", "../alice")).toMatchObject({ exitCode: 2 });
    expect(readdirSync(dir).sort()).toEqual(["ca.crt", "ca.key"]);
  });
});
