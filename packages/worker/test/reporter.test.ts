import { expect, test } from "@jest/globals";
import { silentLogger } from "@coxswain/executor";
import type { AttemptReport } from "../src/contracts.ts";
import { Reporter } from "../src/reporter.ts";
import { FakeReports, MemoryResults, reportOf } from "./fakes.ts";
import { HandClock } from "./hand-clock.ts";

function setUp(): { clock: HandClock; reports: FakeReports; results: MemoryResults; reporter: Reporter } {
  const clock = new HandClock();
  const reports = new FakeReports();
  const results = new MemoryResults();
  return { clock, reports, results, reporter: new Reporter({ reports, results, after: clock.after, logger: silentLogger }) };
}

test("a result is durable before it is reported (G14)", async () => {
  const { reporter, reports, results } = setUp();
  reports.onReport = () => expect(results.kept).toHaveLength(1);
  reporter.add(reportOf("a.1.1"));
  await reports.untilCommitted(1);
  expect(reports.committed).toEqual(["a.1.1#1"]);
});

test("a result stays on disk until it is forgotten, though it was committed (G14)", async () => {
  const { reporter, reports, results } = setUp();
  reporter.add(reportOf("a.1.1"));
  await reports.untilCommitted(1);
  expect(results.kept).toEqual(["a.1.1#1"]);
  await reporter.forget(["a.1.1#1"]);
  expect(results.kept).toEqual([]);
});

test("without a leader it tries again, with all that came meanwhile, waiting longer each time", async () => {
  const { clock, reporter, reports } = setUp();
  reports.failures = 2;
  reporter.add(reportOf("a.1.1"));
  await reports.untilTried(1);
  reporter.add(reportOf("b.1.1"));
  clock.advance(50);
  await reports.untilTried(2);
  clock.advance(99);
  expect(reports.tries).toBe(2);
  clock.advance(1);
  await reports.untilCommitted(2);
  expect(reports.committed).toEqual(["a.1.1#1", "b.1.1#1"]);
});

test("the results of an earlier start are reported first", async () => {
  const { reporter, reports, results } = setUp();
  await results.put([reportOf("old.1.1")]);
  await reporter.load();
  await reporter.flush();
  expect(reports.committed).toEqual(["old.1.1#1"]);
});

test("one result for each attempt: a second one changes nothing", async () => {
  const { reporter, reports } = setUp();
  reporter.add(reportOf("a.1.1"));
  reporter.add({ ...reportOf("a.1.1"), endedAtMs: 99 });
  await reports.untilCommitted(1);
  expect(reports.committed).toHaveLength(1);
});

test("closing leaves no timer", async () => {
  const { clock, reporter, reports } = setUp();
  reports.failures = 1;
  reporter.add(reportOf("a.1.1"));
  await reports.untilTried(1);
  await reporter.close();
  expect(clock.pending).toBe(0);
});

test("a batch stays below what fits into one entry of the log, however many results wait", async () => {
  const { reporter, reports } = setUp();
  const sizes: number[] = [];
  const large = (n: number): AttemptReport => {
    const report = reportOf(`a.1.${n}`);
    return { ...report, result: report.result && { ...report.result, outputTail: new Uint8Array(200 * 1024) } };
  };
  reports.onReport = (items) => sizes.push(items.length);
  for (let n = 1; n <= 6; n++) reporter.add(large(n));
  await reports.untilCommitted(6);
  // The first goes alone, at once; 512 KiB hold two.
  expect(sizes.every((size) => size <= 2)).toBe(true);
});
