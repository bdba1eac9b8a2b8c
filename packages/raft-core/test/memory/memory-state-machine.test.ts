import { expect, test } from "@jest/globals";
import { stateMachineSuite } from "@coxswain/raft-core/suite";
import { MemoryStateMachine, setCommand, type StateMachine } from "../../src/index.ts";

for (const durableEvery of [1, 7]) {
  stateMachineSuite({ test }, `MemoryStateMachine, durable every ${durableEvery}`, () => {
    let machine = new MemoryStateMachine({ durableEvery });
    return Promise.resolve({
      open: () => Promise.resolve((machine = machine.crash())),
      command: (n: number) => setCommand(`key ${n % 10}`, `value ${n}`),
      fingerprint: (state: StateMachine<unknown>) =>
        Promise.resolve(JSON.stringify((state as MemoryStateMachine).pairs())),
    });
  });
}

test("an entry out of its order is refused", () => {
  const machine = new MemoryStateMachine();
  expect(() => machine.apply([{ index: 2, term: 1, type: "normal", data: setCommand("a", "1") }])).toThrow(
    "cannot follow",
  );
});

test("what was not durable is gone after a crash", async () => {
  const machine = new MemoryStateMachine({ durableEvery: 2 });
  await machine.apply([{ index: 1, term: 1, type: "normal", data: setCommand("a", "1") }]);
  expect(machine.get("a")).toBe("1");
  expect(machine.crash().appliedIndex()).toBe(0);
});
