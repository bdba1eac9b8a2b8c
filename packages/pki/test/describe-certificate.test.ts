import { expect, test } from "@jest/globals";
import { createCa, describeCertificate, issueCertificate } from "@coxswain/pki";

test("a description says who, by whom, until when and with which fingerprint", async () => {
  const nowMs = Date.UTC(2030, 0, 1);
  const ca = await createCa({ clusterName: "demo", nowMs });
  const issued = await issueCertificate({ ca, kind: "admin", name: "root", nowMs, days: 30 });
  expect(describeCertificate(issued.certificate)).toEqual({
    name: "root",
    kind: "admin",
    subject: "CN=root, OU=admin, O=Coxswain",
    issuer: "CN=demo CA, O=Coxswain",
    serialNumber: expect.stringMatching(/^[0-9A-F]{32}$/),
    notBeforeMs: nowMs - 300_000,
    notAfterMs: nowMs + 30 * 86_400_000,
    hosts: [],
    usages: ["clientAuth"],
    fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
  });
});

test("a text without a certificate is refused with advice", () => {
  expect(() => describeCertificate("hello")).toThrow(
    expect.objectContaining({
      code: "UNREADABLE_CERTIFICATE",
      message: expect.stringContaining("BEGIN CERTIFICATE"),
    }),
  );
});
