/** A certificate and its private key, both PEM; the key as PKCS#8. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}
