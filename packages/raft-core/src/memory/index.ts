export { ManualClock, type ManualClockOptions } from "./manual-clock.ts";
export { MemoryLogStorage, type MemoryLogStorageOptions, emptyLog } from "./memory-log-storage.ts";
export { MemoryNetwork, type MemoryNetworkOptions } from "./memory-network.ts";
export { MemoryStateMachine, type MemoryStateMachineOptions, setCommand } from "./memory-state-machine.ts";
export { MemoryTransport } from "./memory-transport.ts";
