import { X509Certificate as NodeCertificate, createPrivateKey, type webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from "./x509.ts";
import {
  type CertificateKind,
  alternativeNames,
  assertDays,
  assertKind,
  assertName,
} from "./certificate-request.ts";
import { UnusableCaError } from "./errors.ts";
import { generateKeyPair, importPrivateKey, privateKeyPem } from "./key-pair.ts";
import type { KeyedCertificate } from "./keyed-certificate.ts";
import { signCertificate, validity } from "./sign-certificate.ts";

/** Whom a certificate is for. */
export interface IssueCertificateOptions {
  readonly ca: KeyedCertificate;
  readonly kind: CertificateKind;
  /** Becomes the CN: the identity that owns jobs, or the node's name in logs. */
  readonly name: string;
  /** Where a node is reached, besides localhost, 127.0.0.1 and ::1. Only nodes have hosts. */
  readonly hosts?: readonly string[];
  /** Default 365; never beyond the CA's own end. */
  readonly days?: number;
  /** The present, in ms since the epoch. Default: the clock. */
  readonly nowMs?: number;
}

const localHosts = ["localhost", "127.0.0.1", "::1"];

/**
 * Issues a certificate with a fresh key: nodes for both ends of a connection, admins and clients for the client's.
 *
 * @throws InvalidCertificateRequestError for a name, host, kind or validity out of range
 * @throws UnusableCaError when the CA cannot sign
 */
export async function issueCertificate(options: IssueCertificateOptions): Promise<KeyedCertificate> {
  const { ca, kind, name, hosts = [], days = 365, nowMs = Date.now() } = options;
  assertName(name);
  assertKind(kind);
  assertDays(days);
  assertUsableCa(ca, nowMs);
  const issuer = new X509Certificate(ca.certificate);
  const keys = await generateKeyPair();
  const { notBefore, notAfter } = validity(nowMs, days);
  const content = {
    subject: [{ CN: [name] }, { OU: [kind] }, { O: ["Coxswain"] }],
    issuer: issuer.subjectName.toJSON(),
    publicKey: keys.publicKey,
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), issuer.notAfter.getTime())),
    extensions: await leafExtensions(kind, hosts, keys.publicKey, issuer),
  };
  return {
    certificate: await signCertificate(content, await importPrivateKey(ca.privateKey)),
    privateKey: await privateKeyPem(keys.privateKey),
  };
}

async function leafExtensions(
  kind: CertificateKind,
  hosts: readonly string[],
  publicKey: webcrypto.CryptoKey,
  issuer: X509Certificate,
): Promise<Extension[]> {
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(extendedKeyUsages(kind)),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
  ];
  const names = alternativeNames(kind === "node" ? [...localHosts, ...hosts] : hosts);
  if (names.length > 0) extensions.push(new SubjectAlternativeNameExtension(names));
  return extensions;
}

/** A node answers clients and calls its peers, hence both. */
function extendedKeyUsages(kind: CertificateKind): ExtendedKeyUsage[] {
  return kind === "node"
    ? [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]
    : [ExtendedKeyUsage.clientAuth];
}

function assertUsableCa(ca: KeyedCertificate, nowMs: number): void {
  let certificate: NodeCertificate;
  let ownKey: boolean;
  try {
    certificate = new NodeCertificate(ca.certificate);
    ownKey = certificate.checkPrivateKey(createPrivateKey(ca.privateKey));
  } catch (cause) {
    throw new UnusableCaError(
      "The CA's certificate or key is not readable PEM: make one with `cox cert init`.",
      { cause },
    );
  }
  if (!ownKey)
    throw new UnusableCaError(
      "The CA's key does not belong to its certificate: take both from the same `cox cert init`.",
    );
  if (!certificate.ca)
    throw new UnusableCaError("The certificate given as CA is not a CA: take ca.crt of `cox cert init`.");
  if (new Date(certificate.validTo).getTime() <= nowMs) {
    throw new UnusableCaError(
      `The CA expired on ${certificate.validTo}: make a new one with \`cox cert init\`.`,
    );
  }
}
