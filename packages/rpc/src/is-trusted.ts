import { X509Certificate } from "node:crypto";
import { certificatesIn } from "./certificates-in.ts";

/** Longer chains than this nobody issues. */
const maxChainLength = 8;

/** Whether a handshake would accept the certificate now: a CA of the bundle stands behind it, and none on the way there is outside its time. */
export function isTrusted(certificate: X509Certificate, caBundle: string, nowMs: number): boolean {
  const authorities = certificatesIn(caBundle).map((pem) => new X509Certificate(pem));
  let current: X509Certificate | undefined = certificate;
  for (let length = 0; current !== undefined && length < maxChainLength; length++) {
    if (!isInTime(current, nowMs)) return false;
    const issued: X509Certificate = current;
    const authority = authorities.find((ca) => issued.checkIssued(ca) && issued.verify(ca.publicKey));
    if (authority !== undefined) return isInTime(authority, nowMs);
    current = current.issuerCertificate;
  }
  return false;
}

function isInTime({ validFrom, validTo }: X509Certificate, nowMs: number): boolean {
  return Date.parse(validFrom) <= nowMs && nowMs <= Date.parse(validTo);
}
