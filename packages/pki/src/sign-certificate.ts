import { randomBytes, type webcrypto } from "node:crypto";
import { type Extension, type JsonName, type PublicKeyType, X509CertificateGenerator } from "./x509.ts";
import { keyAlgorithm } from "./key-pair.ts";

export interface CertificateContent {
  readonly subject: JsonName;
  readonly issuer: JsonName;
  readonly publicKey: PublicKeyType;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: Extension[];
}

/** Machines in a new cluster rarely agree on the time; a certificate must not be "not yet valid" on the slow ones. */
const clockSlackMs = 5 * 60_000;
const dayMs = 86_400_000;

export function validity(nowMs: number, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(nowMs - clockSlackMs), notAfter: new Date(nowMs + Math.round(days * dayMs)) };
}

/** Positive, random and 127 bits long: X.509 wants serials unique for each issuer. */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString("hex");
}

export async function signCertificate(
  content: CertificateContent,
  signingKey: webcrypto.CryptoKey,
): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    ...content,
    serialNumber: newSerialNumber(),
    signingAlgorithm: keyAlgorithm,
    signingKey,
  });
  return `${certificate.toString("pem").trim()}\n`;
}
