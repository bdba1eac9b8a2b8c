/** What went wrong with a certificate, by a stable code. */
export abstract class PkiError extends Error {
  abstract readonly code: string;
  abstract readonly category: "invalid" | "internal";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A name, host or length of validity that no certificate may carry. */
export class InvalidCertificateRequestError extends PkiError {
  readonly code = "INVALID_CERTIFICATE_REQUEST" as const;
  readonly category = "invalid" as const;
}

/** The CA given cannot sign: not a CA, expired, or its key is not the certificate's. */
export class UnusableCaError extends PkiError {
  readonly code = "UNUSABLE_CA" as const;
  readonly category = "invalid" as const;
}

/** A text that is not a PEM certificate. */
export class UnreadableCertificateError extends PkiError {
  readonly code = "UNREADABLE_CERTIFICATE" as const;
  readonly category = "invalid" as const;
}
