import { createHmac } from "node:crypto";

/** What a signature vouches for. */
export interface SignedRequest {
  /** Seconds since the epoch, as in the header. */
  readonly timestampS: number;
  /** The header `Idempotency-Key`. */
  readonly idempotencyKey: string;
  /** The header `Coxswain-Attempt`. */
  readonly attempt: string;
  /** As it was sent; empty for a request without one. */
  readonly body: string | Uint8Array;
}

/**
 * The value of the header `Coxswain-Signature`: `t=<seconds>,v1=<hex>`, the HMAC-SHA256 of
 * `<seconds>.<idempotency key>.<attempt>.<body>`. A receiver computes it from what it got,
 * compares it in constant time, and refuses a timestamp that is too old.
 */
export function signatureOf(secret: string | Uint8Array, request: SignedRequest): string {
  const { timestampS, idempotencyKey, attempt, body } = request;
  const hmac = createHmac("sha256", secret).update(`${timestampS}.${idempotencyKey}.${attempt}.`).update(body);
  return `t=${timestampS},v1=${hmac.digest("hex")}`;
}
