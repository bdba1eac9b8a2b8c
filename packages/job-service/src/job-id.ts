/** Job ids made by clients are UUIDv7, whose first 48 bits say when (RFC 9562, 5.7). */

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** When the id was made, in milliseconds since the epoch; 0 when it does not say. */
export function idTimeMs(jobId: string): number {
  if (!UUID_V7.test(jobId)) return 0;
  return Number.parseInt(jobId.slice(0, 8) + jobId.slice(9, 13), 16);
}
