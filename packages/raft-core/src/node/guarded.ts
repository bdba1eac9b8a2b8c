/**
 * A listener that may be called from inside the loop: one that throws is a bug of its owner. It surfaces as an
 * uncaught error, and does not tear the loop.
 */
export function guarded<Told>(listener: (told: Told) => void): (told: Told) => void {
  return (told) => {
    try {
      listener(told);
    } catch (error) {
      surface(error);
    }
  };
}

/** Makes the bug of a listener an uncaught error, once the loop has gone on. */
export function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
