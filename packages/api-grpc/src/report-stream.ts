/** Results of attempts on one stream to one leader, gathered into batches (G14). */
import { errorFromDetail } from "@coxswain/job-service";
import { ReportAttempts_Item } from "@coxswain/protocol";
import type { ReportAttemptsRequest, ReportAttemptsResponse } from "@coxswain/protocol";
import { errorFromStatus } from "@coxswain/rpc";
import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { LinkClosedError, ReportUnansweredError, TooManyReportsError } from "./errors.ts";

export interface ReportStreamOptions {
  /** Results of one batch. Default 256. */
  readonly maxBatchItems: number;
  /** Bytes of one batch; a larger single result is a batch of its own. Default 1 MiB. */
  readonly maxBatchBytes: number;
  /** Batches sent and not yet answered. Default 4. */
  readonly maxBatchesInFlight: number;
  /** Results that may wait here in all. Default 10,000. */
  readonly maxWaitingItems: number;
  /** A leader that leaves a batch unanswered for so long is given up. Default 5 s. */
  readonly answerTimeoutMs: number;
  /** Calls back once after `delayMs` unless the returned function is called first. Default: `setTimeout`. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

const DEFAULTS: ReportStreamOptions = {
  maxBatchItems: 256,
  maxBatchBytes: 1024 * 1024,
  maxBatchesInFlight: 4,
  maxWaitingItems: 10_000,
  answerTimeoutMs: 5_000,
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

type Stream = ClientDuplexStream<ReportAttemptsRequest, ReportAttemptsResponse>;

/** One `report` call; its items may travel in several batches. */
interface Report {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  waiting: number;
}

interface Waiting {
  readonly item: ReportAttempts_Item;
  readonly report: Report;
}

interface Batch {
  readonly reports: readonly Report[];
  readonly cancelTimer: () => void;
}

/** Lives as long as its stream: after an error or `close()` everything unanswered is rejected, and a new one is needed. */
export class ReportStream {
  readonly #options: ReportStreamOptions;
  readonly #stream: Stream;
  readonly #waiting: Waiting[] = [];
  readonly #inFlight = new Map<number, Batch>();
  #sequence = 0;
  #closed = false;

  constructor(open: () => Stream, options: Partial<ReportStreamOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#stream = open();
    this.#stream.on("data", (response: ReportAttemptsResponse) => {
      this.#answered(response);
    });
    this.#stream.on("error", (error: ServiceError) => {
      this.#fail(errorFromStatus(error));
    });
    this.#stream.on("end", () => {
      this.#fail(new ReportUnansweredError());
    });
  }

  /** Whether nothing can be reported here any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves when all of it was committed. */
  report(items: readonly ReportAttempts_Item[]): Promise<void> {
    const { maxWaitingItems } = this.#options;
    if (this.#closed) return Promise.reject(new LinkClosedError());
    if (items.length === 0) return Promise.resolve();
    if (this.#waiting.length + items.length > maxWaitingItems) {
      return Promise.reject(new TooManyReportsError(this.#waiting.length));
    }
    return new Promise((resolve, reject) => {
      const report: Report = { resolve, reject, waiting: items.length };
      for (const item of items) this.#waiting.push({ item, report });
      this.#send();
    });
  }

  /** Cancels the stream and rejects what it had not confirmed. May be called twice. */
  close(): void {
    this.#fail(new ReportUnansweredError());
  }

  /** What comes in while batches are under way gathers, and goes out together. */
  #send(): void {
    while (
      !this.#closed &&
      this.#waiting.length > 0 &&
      this.#inFlight.size < this.#options.maxBatchesInFlight
    ) {
      const batch = this.#waiting.splice(0, this.#batchLength());
      const sequence = ++this.#sequence;
      const cancelTimer = this.#options.after(this.#options.answerTimeoutMs, () => {
        this.#fail(new ReportUnansweredError());
      });
      this.#inFlight.set(sequence, { reports: batch.map(({ report }) => report), cancelTimer });
      this.#stream.write({ sequence, items: batch.map(({ item }) => item) });
    }
  }

  #batchLength(): number {
    const { maxBatchItems, maxBatchBytes } = this.#options;
    let bytes = 0;
    let length = 0;
    for (const { item } of this.#waiting) {
      bytes += ReportAttempts_Item.encode(item).finish().byteLength;
      if (length > 0 && (bytes > maxBatchBytes || length === maxBatchItems)) break;
      length++;
    }
    return length;
  }

  #answered({ sequence, error }: ReportAttemptsResponse): void {
    const batch = this.#inFlight.get(sequence);
    if (batch === undefined) return;
    this.#inFlight.delete(sequence);
    batch.cancelTimer();
    for (const report of batch.reports) {
      report.waiting--;
      if (error !== undefined) report.reject(errorFromDetail(error));
      else if (report.waiting === 0) report.resolve();
    }
    this.#send();
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    const reports = [...this.#waiting.splice(0).map(({ report }) => report)];
    for (const { reports: sent, cancelTimer } of this.#inFlight.values()) {
      cancelTimer();
      reports.push(...sent);
    }
    this.#inFlight.clear();
    for (const report of reports) report.reject(error);
    this.#stream.on("error", () => {}); // A cancelled stream says so once more.
    this.#stream.cancel();
  }
}
