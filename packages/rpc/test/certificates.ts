// Certificates as they should be come from @coxswain/pki; those that should not exist are made here by hand.
import "reflect-metadata";
import { createPrivateKey, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { type KeyedCertificate, createCa, issueCertificate } from "@coxswain/pki";
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonName,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { type TlsMaterial, tlsFromPem } from "@coxswain/rpc";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface OddCertificate {
  readonly ca: KeyedCertificate;
  readonly subject: JsonName;
  readonly usage?: ExtendedKeyUsage;
  readonly notAfter?: Date;
  readonly hosts?: readonly string[];
}

/** A certificate of `ca` with any subject, usage and end. */
export async function oddCertificate({
  ca,
  subject,
  usage,
  notAfter,
  hosts = [],
}: OddCertificate): Promise<KeyedCertificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const caKey = createPrivateKey(ca.privateKey).export({ format: "der", type: "pkcs8" });
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: new X509Certificate(ca.certificate).subjectName.toJSON(),
    publicKey: keys.publicKey,
    notBefore: new Date(Date.UTC(2020, 0, 1)),
    notAfter: notAfter ?? new Date(Date.now() + 86_400_000),
    extensions: [
      new ExtendedKeyUsageExtension([usage ?? ExtendedKeyUsage.clientAuth]),
      ...(hosts.length === 0
        ? []
        : [
            new SubjectAlternativeNameExtension(
              hosts.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
            ),
          ]),
    ],
    signingAlgorithm: algorithm,
    signingKey: await webcrypto.subtle.importKey("pkcs8", caKey, algorithm, false, ["sign"]),
  });
  const key = createPrivateKey({
    key: Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)),
    format: "der",
    type: "pkcs8",
  });
  return {
    certificate: certificate.toString("pem"),
    privateKey: key.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

export async function expiredCertificate(ca: KeyedCertificate): Promise<KeyedCertificate> {
  return oddCertificate({ ca, subject: [{ CN: ["alice"] }], notAfter: new Date(Date.now() - 60_000) });
}

export const serverAuth: ExtendedKeyUsage = ExtendedKeyUsage.serverAuth;

/** As `tls.connect` takes them. */
export function keyed({ certificate, privateKey }: KeyedCertificate): { cert: string; key: string } {
  return { cert: certificate, key: privateKey };
}

export function material(ca: KeyedCertificate, issued: KeyedCertificate): TlsMaterial {
  return tlsFromPem({ ca: ca.certificate, cert: issued.certificate, key: issued.privateKey });
}

export interface TestPki {
  readonly ca: KeyedCertificate;
  readonly node: TlsMaterial;
  readonly alice: TlsMaterial;
}

export async function testPki(): Promise<TestPki> {
  const ca = await createCa({ clusterName: "test" });
  const node = await issueCertificate({ ca, kind: "node", name: "node-1" });
  const alice = await issueCertificate({ ca, kind: "client", name: "alice" });
  return { ca, node: material(ca, node), alice: material(ca, alice) };
}
