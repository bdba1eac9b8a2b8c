/** A method of gRPC that streams both ways, whose messages are bytes as they are. */
const identity = (bytes) => bytes;

export function rawStream(path) {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
}

export function openRawStream(client, { path }) {
  return client.makeBidiStreamRequest(path, identity, identity);
}
