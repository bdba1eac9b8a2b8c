/**
 * Raft: a replicated log that survives the loss of any minority of its members.
 *
 * Two ways in:
 * - {@link RaftNode} drives everything. It asks for a {@link LogStorage}, a {@link StateMachine}, a
 *   {@link Transport} and a {@link Clock}; each has an in-memory twin here.
 * - {@link Raft} is the pure state machine inside, without clock, disk or network; its caller's duties stand
 *   at the top of `core/raft.ts`.
 *
 * This package imports nothing, reads no clock and rolls no dice: time and randomness come in as arguments.
 *
 * @example
 * const clock = new ManualClock();
 * const stateMachine = new MemoryStateMachine();
 * const node = await RaftNode.start({
 *   id: 1,
 *   bootstrap: { voters: [1], votersOutgoing: [], learners: [] },
 *   storage: new MemoryLogStorage(),
 *   transport: new MemoryNetwork().transport(1),
 *   stateMachine,
 *   clock,
 *   random: () => 0.5,
 * });
 * await clock.advance(10);                                      // alone, it elects itself at once
 * await node.propose(setCommand("stroke", "36"));               // resolves once committed and applied
 * await node.linearizableRead();
 * stateMachine.get("stroke");                                   // "36"
 * await node.stop();
 */
export type * from "./types.ts";
export { NO_NODE } from "./types.ts";
export type * from "./contracts.ts";
export { type ErrorCategory, RaftError } from "./errors.ts";
export { crc32c } from "./crc32c.ts";
export * from "./core/raft.ts";
export { decodeConfiguration, encodeConfiguration } from "./core/configuration.ts";
export * from "./node/index.ts";
export * from "./state/index.ts";
export * from "./memory/index.ts";
export * from "./founding/index.ts";
export * from "./sessions/index.ts";
