import { expect, test } from "@jest/globals";
import type { Engine } from "../src/engine.ts";
import { Removals } from "../src/removals.ts";

/** An engine that removes nothing before it is told to answer. */
function refusing() {
  const asked: ((error: Error) => void)[] = [];
  const engine = { remove: () => new Promise<void>((_, reject) => asked.push(reject)) };
  return { asked, removals: new Removals(engine as unknown as Engine) };
}

test("a removal that the engine refuses while the executor closes is not tried again", async () => {
  const { asked, removals } = refusing();
  removals.add("run-1", "id-1");
  const closed = removals.close();
  asked[0]?.(new Error("conflict"));
  await closed;
  expect(asked).toHaveLength(1);
});
