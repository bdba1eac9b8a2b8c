const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * The PEM certificates of a bundle, one by one.
 *
 * @throws Error when there is none, or one lacks its end
 */
export function certificatesIn(bundle: string): string[] {
  const certificates = bundle.match(block) ?? [];
  const begun = bundle.match(/-----BEGIN /g)?.length ?? 0;
  if (certificates.length === 0 || certificates.length !== begun)
    throw new Error(`${String(certificates.length)} whole certificates where ${String(Math.max(begun, 1))} should be`);
  return certificates;
}
