/**
 * The certificates of a cluster, without openssl: a CA, and certificates for nodes, admins and clients.
 *
 * A certificate's CN is the name under which Coxswain knows its holder; its OU is the holder's role.
 *
 * @example
 * const ca = await createCa({ clusterName: "demo" });
 * const node = await issueCertificate({ ca, kind: "node", name: "node-1", hosts: ["node-1.example"] });
 * describeCertificate(node.certificate).kind; // "node"
 *
 * @packageDocumentation
 */
export { createCa, type CreateCaOptions } from "./create-ca.ts";
export { issueCertificate, type IssueCertificateOptions } from "./issue-certificate.ts";
export { describeCertificate, type CertificateDescription } from "./describe-certificate.ts";
export type { KeyedCertificate } from "./keyed-certificate.ts";
export type { CertificateKind } from "./certificate-request.ts";
export {
  InvalidCertificateRequestError,
  PkiError,
  UnreadableCertificateError,
  UnusableCaError,
} from "./errors.ts";
