/**
 * What a cluster promises its clients, checked on what they saw. All times are of one clock, that of the test.
 */

/** A line of a journal, or an entry of a log. */
export interface Line {
  readonly index: number;
  readonly term: number;
  readonly text: string;
}

/** A write, from the moment it was asked for to the moment its answer was known. */
export interface Write {
  readonly text: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** The index, if it was acknowledged; else the error's code. */
  readonly outcome: number | string;
}

/** A linearizable read that was answered. */
export interface Read {
  readonly startedAt: number;
  readonly endedAt: number;
  /** It saw everything up to this index. */
  readonly seen: number;
}

export interface Evidence {
  readonly writes: readonly Write[];
  readonly reads: readonly Read[];
  /** Of each member, all of them caught up. */
  readonly journals: readonly (readonly Line[])[];
  /** Every word of any member about who leads in a term. */
  readonly leaders: readonly { readonly term: number; readonly leader: number }[];
}

/** These say that the entry will never be in the log. */
const NEVER_IN_THE_LOG: readonly unknown[] = ["NOT_LEADER", "PROPOSAL_DROPPED", "TOO_MANY_PROPOSALS"];

/** One sentence for each promise that was broken. */
export function brokenPromises(evidence: Evidence): string[] {
  return [...rivals(evidence), ...forks(evidence), ...losses(evidence), ...staleAnswers(evidence)];
}

/** Election safety: one leader at most in each term. */
function rivals({ leaders }: Evidence): string[] {
  const known = new Map<number, number>();
  const broken = new Set<string>();
  for (const { term, leader } of leaders) {
    const other = known.get(term) ?? leader;
    if (other !== leader) broken.add(`term ${term} has two leaders, ${other} and ${leader}`);
    known.set(term, leader);
  }
  return [...broken];
}

/** State machine safety: every member applied the same lines, each once. */
function forks({ journals: [first = [], ...others] }: Evidence): string[] {
  const broken = others.flatMap((journal, position) => {
    const different = first.findIndex(
      (line, at) => journal[at]?.index !== line.index || journal[at].text !== line.text,
    );
    if (different === -1 && journal.length === first.length) return [];
    return [
      `journals 0 and ${position + 1} differ from line ${different === -1 ? first.length : different} on`,
    ];
  });
  if (new Set(first.map(({ text }) => text)).size < first.length) broken.push("a line is there twice");
  return broken;
}

/** What was acknowledged is there, where it was said to be; what was refused is not. */
function losses({ writes, journals: [journal = []] }: Evidence): string[] {
  const indexes = new Map(journal.map(({ index, text }) => [text, index]));
  return writes.flatMap(({ text, outcome }) => {
    const index = indexes.get(text);
    if (typeof outcome === "number" && index === undefined) return [`${text} was acknowledged and is lost`];
    if (typeof outcome === "number" && index !== outcome)
      return [`${text} was acknowledged at ${outcome} and is at ${index}`];
    if (NEVER_IN_THE_LOG.includes(outcome) && index !== undefined)
      return [`${text} was refused and is there`];
    return [];
  });
}

interface Answered {
  readonly what: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Whoever starts after its end sees at least this. */
  readonly shows: number;
  /** It must come after everything that had ended when it started. */
  readonly from: number;
}

/** Linearizability of a list that only grows: what ended before a call began is seen by that call. */
function staleAnswers({ writes, reads }: Evidence): string[] {
  const answered: Answered[] = reads.map(({ seen, ...times }) => ({
    ...times,
    what: "a read",
    shows: seen,
    from: seen,
  }));
  for (const { text, outcome, ...times } of writes) {
    // A write goes behind everything seen before it.
    if (typeof outcome === "number")
      answered.push({ ...times, what: text, shows: outcome, from: outcome - 1 });
  }
  const byEnd = [...answered].sort((a, b) => a.endedAt - b.endedAt);
  const broken: string[] = [];
  let ended = 0;
  let shown = 0;
  for (const { what, startedAt, from } of answered.sort((a, b) => a.startedAt - b.startedAt)) {
    for (let next = byEnd[ended]; next !== undefined && next.endedAt < startedAt; next = byEnd[++ended]) {
      shown = Math.max(shown, next.shows);
    }
    if (from < shown)
      broken.push(`${what} comes after index ${from}, but ${shown} had been seen before it began`);
  }
  return broken;
}
