/** What the words of a command mean. */
import type { ConfChange, MemberChange } from "../../../src/core/raft.ts";
import type { Packet } from "../../core/harness/sim-node.ts";

export function idOf(word: string | undefined): number {
  const id = /^n(\d+)$/.exec(word ?? "")?.[1];
  if (id === undefined) throw new Error(`${String(word)} is no node`);
  return Number(id);
}

/** `+n4` adds a voter, `+learner:n4` a learner, `promote:n4` gives it a vote, `-n4` removes. */
export function changeOf(words: readonly string[]): ConfChange {
  const changes = words.map((word): MemberChange => {
    if (word.startsWith("+learner:")) return { type: "addLearner", node: idOf(word.slice(9)) };
    if (word.startsWith("promote:")) return { type: "promoteLearner", node: idOf(word.slice(8)) };
    if (word.startsWith("+")) return { type: "addVoter", node: idOf(word.slice(1)) };
    if (word.startsWith("-")) return { type: "removeNode", node: idOf(word.slice(1)) };
    throw new Error(`${word} is no change`);
  });
  const [only] = changes;
  return only !== undefined && changes.length === 1 ? only : { type: "joint", changes };
}

/** Packets `n1->n2` (either end may be `*`), of the types named; `first` or `last` takes one of them. */
export function selectPackets(packets: readonly Packet[], words: readonly string[]): Packet[] {
  const links = words.filter((word) => word.includes("->")).map((word) => word.split("->"));
  const types = words.filter((word) => !word.includes("->") && word !== "first" && word !== "last");
  const isEnd = (word: string | undefined, id: number): boolean => word === "*" || word === `n${id}`;
  const found = packets.filter(
    (packet) =>
      (links.length === 0 || links.some(([from, to]) => isEnd(from, packet.from) && isEnd(to, packet.to))) &&
      (types.length === 0 || types.includes(nameOf(packet))),
  );
  if (found.length === 0) throw new Error(`nothing is under way that is ${words.join(" ") || "anything"}`);
  if (words.includes("first")) return found.slice(0, 1);
  return words.includes("last") ? found.slice(-1) : found;
}

export function nameOf(packet: Packet): string {
  return packet.type === "message" ? packet.message.type : packet.type;
}
