import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { createCa, issueCertificate } from "@coxswain/pki";
import { loadTls, tlsFromPem } from "@coxswain/rpc";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cox-tls-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

async function files(): Promise<{
  paths: { ca: string; cert: string; key: string };
  renew(): Promise<void>;
}> {
  const ca = await createCa({ clusterName: "test" });
  const paths = { ca: join(directory, "ca"), cert: join(directory, "cert"), key: join(directory, "key") };
  const renew = async (): Promise<void> => {
    const { certificate, privateKey } = await issueCertificate({ ca, kind: "node", name: "n" });
    writeFileSync(paths.cert, certificate);
    writeFileSync(paths.key, privateKey);
  };
  writeFileSync(paths.ca, ca.certificate);
  await renew();
  return { paths, renew };
}

test("a reload tells its listeners when something changed, and only then", async () => {
  const { paths, renew } = await files();
  const tls = loadTls(paths);
  const listener = jest.fn();
  tls.onReload(listener);
  expect(tls.reload()).toBe(false);
  const before = tls.current.cert;
  await renew();
  expect(tls.reload()).toBe(true);
  expect(tls.current.cert).not.toBe(before);
  expect(listener).toHaveBeenCalledTimes(1);
});

test("a half-written set is refused and the one before stays", async () => {
  const { paths, renew } = await files();
  const tls = loadTls(paths);
  const before = tls.current;
  const oldKey = before.key;
  await renew();
  writeFileSync(paths.key, oldKey);
  expect(() => tls.reload()).toThrow(
    expect.objectContaining({ code: "TLS_FILES_UNUSABLE", message: expect.stringContaining("does not belong") }),
  );
  writeFileSync(paths.cert, before.cert.slice(0, 100));
  expect(() => tls.reload()).toThrow(expect.objectContaining({ code: "TLS_FILES_UNUSABLE" }));
  expect(tls.current).toBe(before);
});

test("a CA that is none is refused, wherever in a bundle it stands", async () => {
  const { paths } = await files();
  const good = readFileSync(paths.ca, "utf8");
  const broken = good.replace(/\n[A-Za-z0-9+/]{10}/, "\nAAAAAAAAAA");
  writeFileSync(paths.ca, good + good);
  expect(loadTls(paths).current.ca).toBe(good + good);
  for (const bad of ["garbage", "", good + broken]) {
    writeFileSync(paths.ca, bad);
    expect(() => loadTls(paths)).toThrow(expect.objectContaining({ code: "TLS_FILES_UNUSABLE" }));
  }
});

test("a bundle whose last certificate is still being written is refused, of CAs and of a chain", async () => {
  const { paths } = await files();
  const tls = loadTls(paths);
  const before = tls.current;
  for (const path of [paths.ca, paths.cert]) {
    const whole = readFileSync(path, "utf8");
    for (const cut of [30, 200, whole.length - 20]) {
      writeFileSync(path, whole + whole.slice(0, cut));
      expect(() => tls.reload()).toThrow(expect.objectContaining({ code: "TLS_FILES_UNUSABLE" }));
    }
    writeFileSync(path, whole);
  }
  expect(tls.current).toBe(before);
});

test("a missing file is named", async () => {
  const { paths } = await files();
  expect(() => loadTls({ ...paths, ca: "/nowhere/ca.crt" })).toThrow(
    expect.objectContaining({ category: "invalid", message: expect.stringContaining("/nowhere/ca.crt") }),
  );
});

test("a watch reloads at its interval, reports what fails and stops when told", async () => {
  const { paths, renew } = await files();
  const tls = loadTls(paths);
  await renew();
  jest.useFakeTimers();
  try {
    const onError = jest.fn();
    const stop = tls.watch({ intervalMs: 1_000, onError });
    const before = tls.current;
    jest.advanceTimersByTime(1_000);
    expect(tls.current).not.toBe(before);
    rmSync(paths.cert);
    jest.advanceTimersByTime(1_000);
    expect(onError).toHaveBeenCalledTimes(1);
    stop();
    jest.advanceTimersByTime(5_000);
    expect(onError).toHaveBeenCalledTimes(1);
  } finally {
    jest.useRealTimers();
  }
});

test("contexts are made at TLS 1.3 only", async () => {
  const ca = await createCa({ clusterName: "test" });
  const node = await issueCertificate({ ca, kind: "node", name: "n" });
  expect(
    tlsFromPem({ ca: ca.certificate, cert: node.certificate, key: node.privateKey }).contextOptions()
      .minVersion,
  ).toBe("TLSv1.3");
});
