/**
 * Whether the other nodes would accept this node's certificate: better said at the start than by every peer, later.
 */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { peerIdentity } from "@coxswain/rpc";
import type { PeerIdentity, TlsFiles, TlsPem } from "@coxswain/rpc";

/** The certificate is none that the other nodes would accept. */
export class NodeCertificateError extends Error {
  readonly code = "NODE_CERTIFICATE_UNUSABLE";
  readonly category = "invalid";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NodeCertificateError";
  }
}

/** @throws NodeCertificateError */
export function checkNodeCertificate(pem: TlsPem, files: Pick<TlsFiles, "ca" | "cert">, nowMs: number): void {
  const certificate = new X509Certificate(pem.cert);
  const reason = reasonToRefuse(certificate, nowMs) ?? (comesFrom(certificate, pem) ? undefined : `was not issued by the CA in ${files.ca}`);
  if (reason === undefined) return;
  throw new NodeCertificateError(
    `${files.cert} ${reason}: the other nodes would refuse this one. Issue a certificate with \`cox cert issue node NAME\` and give that.`,
  );
}

/** Whether the certificate names the host of `host:port`; whoever dials it there refuses it otherwise. */
export function namesHost(pem: Pick<TlsPem, "cert">, address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  const certificate = new X509Certificate(pem.cert);
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
}

function reasonToRefuse(certificate: X509Certificate, nowMs: number): string | undefined {
  const peer = asPeersSeeIt(certificate);
  if (peer === undefined) return "does not have exactly one CN and at most one OU";
  if (peer.role !== "node") return `is a certificate of kind ${peer.role}, not node`;
  if (Date.parse(certificate.validTo) <= nowMs) return `has expired (${certificate.validTo})`;
  if (Date.parse(certificate.validFrom) > nowMs) return `is not valid before ${certificate.validFrom} (does this machine's clock go right?)`;
  return undefined;
}

function asPeersSeeIt(certificate: X509Certificate): PeerIdentity | undefined {
  try {
    return peerIdentity({ getAuthContext: () => ({ sslPeerCertificate: certificate.toLegacyObject() }) });
  } catch {
    return undefined;
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** A certificate that comes with its chain is left to the handshake, which checks all of it. */
function comesFrom(certificate: X509Certificate, { ca, cert }: TlsPem): boolean {
  if ((cert.match(CERTIFICATE) ?? []).length > 1) return true;
  return (ca.match(CERTIFICATE) ?? []).some((pem) => {
    const issuer = new X509Certificate(pem);
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  });
}
