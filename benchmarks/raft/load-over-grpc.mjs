/**
 * A client as a process of its own: proposes to the leader over one gRPC stream, in a closed loop, and prints the figures.
 */
import { Client } from "@grpc/grpc-js";
import { channelCredentials, channelOptions, insecureChannelCredentials, loadTls, requireTls13 } from "@coxswain/rpc";
import { closedLoop } from "./closed-loop.mjs";
import { proposeOver } from "./propose-service.mjs";

const { address, tls, inFlight, seconds, warmupSeconds, payloadBytes } = JSON.parse(process.argv[2]);
requireTls13();
const credentials = tls ? channelCredentials(loadTls(tls)) : insecureChannelCredentials();
const client = new Client(address, credentials, channelOptions({ ownConnection: true }));
const proposer = proposeOver(client);
const payload = Buffer.alloc(payloadBytes, 7);
console.log(JSON.stringify(await closedLoop({ inFlight, seconds, warmupSeconds, action: () => proposer.propose(payload) })));
proposer.close();
client.close();
