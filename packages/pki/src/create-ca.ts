import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
} from "./x509.ts";
import { assertDays, assertName } from "./certificate-request.ts";
import { generateKeyPair, privateKeyPem } from "./key-pair.ts";
import type { KeyedCertificate } from "./keyed-certificate.ts";
import { signCertificate, validity } from "./sign-certificate.ts";

/** What a new CA is to be. */
export interface CreateCaOptions {
  /** Becomes the CA's CN, as `<clusterName> CA`. */
  readonly clusterName: string;
  /** Default 3650. */
  readonly days?: number;
  /** The present, in ms since the epoch. Default: the clock. */
  readonly nowMs?: number;
}

/**
 * Makes the root of trust of one cluster. Whoever holds its private key can become any node and any client:
 * keep it off the nodes.
 *
 * @throws InvalidCertificateRequestError for a name or validity out of range
 */
export async function createCa(options: CreateCaOptions): Promise<KeyedCertificate> {
  const { clusterName, days = 3650, nowMs = Date.now() } = options;
  assertName(clusterName);
  assertDays(days);
  const keys = await generateKeyPair();
  const subject = [{ CN: [`${clusterName} CA`] }, { O: ["Coxswain"] }];
  const extensions = [
    // Path length 0: the CA signs leaves only, so a stolen leaf key cannot make more.
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
  ];
  const content = {
    subject,
    issuer: subject,
    publicKey: keys.publicKey,
    ...validity(nowMs, days),
    extensions,
  };
  return {
    certificate: await signCertificate(content, keys.privateKey),
    privateKey: await privateKeyPem(keys.privateKey),
  };
}
