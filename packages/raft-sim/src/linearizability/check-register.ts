/** An operation on one register, as its client saw it. Instants are any numbers that rise with time. */
export interface RegisterOperation {
  readonly kind: "write" | "read";
  /** Written, or read. No value is written twice. */
  readonly value: number;
  readonly startedAt: number;
  /** Infinity for a write whose outcome is unknown: it may take effect at any time, or never. */
  readonly endedAt: number;
}

/** The operations of one value: a write, and the reads that saw it. */
interface Zone {
  readonly value: number;
  /** When the first of them was over. */
  firstEnd: number;
  /** When the last of them began. */
  lastStart: number;
  writeStart: number;
}

/**
 * Whether a history of one register is linearizable (Gibbons and Korach, "Testing shared memories", 1997). The
 * register must hold a value from the first end to the last start of its operations, when that is an interval;
 * two values cannot hold it at once, nor can one come and go within the interval of another. That is also enough.
 *
 * Returns what is wrong, or undefined. `initial` is the value before any write.
 */
export function checkRegister(
  operations: readonly RegisterOperation[],
  initial: number = 0,
): string | undefined {
  const zones = new Map<number, Zone>();
  zones.set(initial, {
    value: initial,
    firstEnd: -Infinity,
    lastStart: -Infinity,
    writeStart: -Infinity,
  });
  for (const { kind, value, startedAt, endedAt } of operations) {
    if (kind === "write") {
      if (zones.has(value)) return `${value} was written twice`;
      zones.set(value, { value, firstEnd: endedAt, lastStart: startedAt, writeStart: startedAt });
    }
  }
  return placeReads(operations, zones) ?? findConflict([...zones.values()]);
}

function placeReads(
  operations: readonly RegisterOperation[],
  zones: ReadonlyMap<number, Zone>,
): string | undefined {
  for (const { kind, value, startedAt, endedAt } of operations) {
    if (kind === "write") continue;
    const zone = zones.get(value);
    if (zone === undefined) return `${value} was read but never written`;
    if (endedAt < zone.writeStart) return `${value} was read before it was written`;
    zone.firstEnd = Math.min(zone.firstEnd, endedAt);
    zone.lastStart = Math.max(zone.lastStart, startedAt);
  }
  return undefined;
}

function findConflict(zones: readonly Zone[]): string | undefined {
  const forward = zones.filter(isForward).sort((a, b) => a.firstEnd - b.firstEnd);
  for (const [at, zone] of forward.entries()) {
    const next = forward[at + 1];
    if (next !== undefined && next.firstEnd < zone.lastStart) {
      return `${zone.value} and ${next.value} were both there at ${next.firstEnd}`;
    }
  }
  for (const zone of zones) {
    if (isForward(zone)) continue;
    const around = lastBefore(forward, zone.lastStart);
    if (around !== undefined && zone.firstEnd < around.lastStart) {
      return `${zone.value} came and went between ${zone.lastStart} and ${zone.firstEnd}, while ${around.value} was there`;
    }
  }
  return undefined;
}

function isForward(zone: Zone): boolean {
  return zone.firstEnd < zone.lastStart;
}

/** The last zone that begins before an instant; they do not overlap, so only it can reach beyond. */
function lastBefore(forward: readonly Zone[], instant: number): Zone | undefined {
  let low = 0;
  let high = forward.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((forward[middle]?.firstEnd ?? Infinity) < instant) low = middle + 1;
    else high = middle;
  }
  return forward[low - 1];
}
