import { X509Certificate } from "node:crypto";
import type { CertificateKind } from "./certificate-request.ts";
import { UnreadableCertificateError } from "./errors.ts";

/** What a certificate says. */
export interface CertificateDescription {
  /** The CN; undefined when there is none or more than one. */
  readonly name: string | undefined;
  /** From the OU; `ca` for a CA; `client` when there is no OU that says otherwise. */
  readonly kind: CertificateKind | "ca";
  readonly subject: string;
  readonly issuer: string;
  /** Hex, upper case. */
  readonly serialNumber: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** DNS names and IP addresses, in the certificate's order. */
  readonly hosts: readonly string[];
  readonly usages: readonly ("serverAuth" | "clientAuth")[];
  /** SHA-256, as colon-separated hex. */
  readonly fingerprint: string;
}

const usageByOid: Readonly<Record<string, "serverAuth" | "clientAuth">> = {
  "1.3.6.1.5.5.7.3.1": "serverAuth",
  "1.3.6.1.5.5.7.3.2": "clientAuth",
};

/**
 * Reads a certificate (the first one of a bundle) into what a person asks of it.
 *
 * @throws UnreadableCertificateError when `pem` holds no certificate
 */
export function describeCertificate(pem: string): CertificateDescription {
  const certificate = parse(pem);
  const names = subjectValues(certificate, "CN");
  return {
    name: names.length === 1 ? names[0] : undefined,
    kind: certificate.ca ? "ca" : kindOf(subjectValues(certificate, "OU")),
    subject: certificate.subject.replaceAll("\n", ", "),
    issuer: certificate.issuer.replaceAll("\n", ", "),
    serialNumber: certificate.serialNumber,
    notBeforeMs: new Date(certificate.validFrom).getTime(),
    notAfterMs: new Date(certificate.validTo).getTime(),
    hosts: hostsOf(certificate.subjectAltName ?? ""),
    // Node leaves keyUsage undefined when the extension is absent, against its type.
    usages: ((certificate.keyUsage as string[] | undefined) ?? []).flatMap((oid) => usageByOid[oid] ?? []),
    fingerprint: certificate.fingerprint256,
  };
}

function parse(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new UnreadableCertificateError(
      "This is not a PEM certificate: give a file that begins with BEGIN CERTIFICATE.",
      { cause },
    );
  }
}

function subjectValues(certificate: X509Certificate, attribute: string): string[] {
  return certificate.subject
    .split("\n")
    .filter((line) => line.startsWith(`${attribute}=`))
    .map((line) => line.slice(attribute.length + 1));
}

function kindOf(units: readonly string[]): CertificateKind {
  const [unit] = units;
  return units.length === 1 && (unit === "node" || unit === "admin") ? unit : "client";
}

function hostsOf(subjectAltName: string): string[] {
  return subjectAltName
    .split(", ")
    .filter((name) => name !== "")
    .map((name) => name.replace(/^(DNS|IP Address):/, ""));
}
