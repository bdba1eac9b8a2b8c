/** The public calls that one node may hand to another: name, request and response of each. */
import type {
  CancelJobRequest,
  CancelJobResponse,
  DeleteJobRequest,
  DeleteJobResponse,
  DrainNodeRequest,
  DrainNodeResponse,
  GetClusterStatusRequest,
  GetClusterStatusResponse,
  GetJobStatusRequest,
  GetJobStatusResponse,
  JobRequest,
  JobStatusResponse,
  ListExecutionsRequest,
  ListExecutionsResponse,
  ListJobsRequest,
  ListJobsResponse,
  SubmitJobRequest,
  SubmitJobResponse,
  SubmitJobsRequest,
  SubmitJobsResponse,
  TransferLeadershipRequest,
  TransferLeadershipResponse,
} from "@coxswain/protocol";

interface Call<Request, Response> {
  readonly request: Request;
  readonly response: Response;
}

/** By the name of the generated method. `streamJobs` travels as pages of `listJobs`; `getRaftLogEntries` is answered by the node asked; `start` and `stop` travel as `submitJob` and `cancelJob`, `logs` as a stream of output. */
export interface PublicCalls {
  readonly submitJob: Call<SubmitJobRequest, SubmitJobResponse>;
  readonly submitJobs: Call<SubmitJobsRequest, SubmitJobsResponse>;
  readonly cancelJob: Call<CancelJobRequest, CancelJobResponse>;
  readonly deleteJob: Call<DeleteJobRequest, DeleteJobResponse>;
  readonly getJobStatus: Call<GetJobStatusRequest, GetJobStatusResponse>;
  readonly listJobs: Call<ListJobsRequest, ListJobsResponse>;
  readonly listExecutions: Call<ListExecutionsRequest, ListExecutionsResponse>;
  readonly status: Call<JobRequest, JobStatusResponse>;
  readonly getClusterStatus: Call<GetClusterStatusRequest, GetClusterStatusResponse>;
  readonly transferLeadership: Call<TransferLeadershipRequest, TransferLeadershipResponse>;
  readonly drainNode: Call<DrainNodeRequest, DrainNodeResponse>;
}

export type PublicMethod = keyof PublicCalls;
