/** What a node's worker needs of whoever leads: leases, registration, and somebody to report to. */
import { errorFromDetail } from "@coxswain/job-service";
import type { HeartbeatRequest, RegisterNode, ReportAttempts_Item } from "@coxswain/protocol";
import { LeaderUnknownError } from "./errors.ts";
import type { InternalHandlers, LeaseGrant } from "./internal-service.ts";
import type { NodeClients } from "./node-clients.ts";
import { ReportStream } from "./report-stream.ts";
import type { ReportStreamOptions } from "./report-stream.ts";
import { unaryCall } from "./unary-call.ts";

export interface LeaderLinkOptions {
  /** This node; when it leads, nothing travels. */
  readonly nodeId: number;
  /** Who leads now, as far as is known here; 0 means nobody. */
  readonly leader: () => number;
  /** This node's own answers, for when it leads itself. */
  readonly local: Pick<InternalHandlers, "heartbeat" | "registerNode" | "reportAttempts">;
  readonly clients: NodeClients;
  /** How reports are gathered into batches. */
  readonly reports?: Partial<ReportStreamOptions>;
}

/** Follows the leader by itself: each call goes to who leads when it is made. */
export class LeaderLink {
  readonly #options: LeaderLinkOptions;
  #stream: { readonly leader: number; readonly reports: ReportStream } | undefined;
  #closed = false;

  constructor(options: LeaderLinkOptions) {
    this.#options = options;
  }

  /**
   * Asks for a lease. It runs from the moment this was called, so note that before (G12).
   * `leaseMs` is 0 with a reason when it was not granted.
   * @throws LeaderUnknownError, or that the leader was not reached in time
   */
  async heartbeat(
    request: HeartbeatRequest,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<LeaseGrant> {
    const leader = this.#leader();
    if (leader === this.#options.nodeId) return await this.#options.local.heartbeat(request);
    const client = this.#options.clients.client(leader, "leases");
    const { leaseMs, error } = await unaryCall(client.heartbeat.bind(client), request, { timeoutMs });
    return error === undefined ? { leaseMs } : { leaseMs: 0, reason: error.code };
  }

  /**
   * Registers this start of this node (G2); resolves when that was applied.
   * @throws LeaderUnknownError, what the leader refused with, or that it was not reached in time
   */
  async registerNode(
    registration: RegisterNode,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<void> {
    const leader = this.#leader();
    if (leader === this.#options.nodeId) {
      await this.#options.local.registerNode(registration);
      return;
    }
    const client = this.#options.clients.client(leader, "leases");
    const { error } = await unaryCall(client.registerNode.bind(client), { registration }, { timeoutMs });
    if (error !== undefined) throw errorFromDetail(error);
  }

  /**
   * Reports results; resolves when the leader has committed them. On a rejection report again: a result that
   * is there already is not counted twice (G14).
   */
  async report(items: readonly ReportAttempts_Item[]): Promise<void> {
    const leader = this.#leader();
    if (leader !== this.#options.nodeId) {
      await this.#reportsTo(leader).report(items);
      return;
    }
    this.#endStream();
    await this.#options.local.reportAttempts(items);
  }

  /** Ends the report stream; what it had not confirmed is rejected. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#endStream();
  }

  #endStream(): void {
    this.#stream?.reports.close();
    this.#stream = undefined;
  }

  #leader(): number {
    const leader = this.#options.leader();
    if (leader === 0 || this.#closed) throw new LeaderUnknownError();
    return leader;
  }

  #reportsTo(leader: number): ReportStream {
    if (this.#stream?.leader === leader && !this.#stream.reports.closed) return this.#stream.reports;
    this.#endStream();
    const client = this.#options.clients.client(leader, "leases");
    const reports = new ReportStream(() => client.reportAttempts(), this.#options.reports);
    this.#stream = { leader, reports };
    return reports;
  }
}
