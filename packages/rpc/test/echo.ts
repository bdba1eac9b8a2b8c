// One service with a method of each kind, JSON on the wire, on a real server and a real channel.
import {
  type ChannelCredentials,
  Client,
  Metadata,
  Server,
  type ServerCredentials,
  type ServerOptions,
  type ServiceError,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
} from "@grpc/grpc-js";
import {
  channelOptions,
  errorFromStatus,
  insecureChannelCredentials,
  insecureServerCredentials,
  serverOptions,
} from "@coxswain/rpc";

export interface Text {
  readonly text: string;
}

const serialize = (value: Text): Buffer => Buffer.from(JSON.stringify(value));
const deserialize = (bytes: Buffer): Text => JSON.parse(bytes.toString()) as Text;
const codecs = {
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
};

export const echoService = {
  unary: { path: "/test.Echo/Unary", requestStream: false, responseStream: false, ...codecs },
  clientStream: { path: "/test.Echo/ClientStream", requestStream: true, responseStream: false, ...codecs },
  serverStream: { path: "/test.Echo/ServerStream", requestStream: false, responseStream: true, ...codecs },
  bidi: { path: "/test.Echo/Bidi", requestStream: true, responseStream: true, ...codecs },
} as const;

export interface EchoHandlers {
  readonly unary?: handleUnaryCall<Text, Text>;
  readonly clientStream?: handleClientStreamingCall<Text, Text>;
  readonly serverStream?: handleServerStreamingCall<Text, Text>;
  readonly bidi?: handleBidiStreamingCall<Text, Text>;
}

export interface EchoServer {
  readonly port: number;
  readonly address: string;
  close(): void;
}

export async function startEcho(
  handlers: EchoHandlers,
  credentials: ServerCredentials = insecureServerCredentials(),
  options: ServerOptions = serverOptions(),
): Promise<EchoServer> {
  const server = new Server(options);
  server.addService(echoService, { ...handlers });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return {
    port,
    address: `127.0.0.1:${String(port)}`,
    close: () => {
      server.forceShutdown();
    },
  };
}

export class EchoClient extends Client {
  constructor(address: string, credentials: ChannelCredentials = insecureChannelCredentials()) {
    super(address, credentials, {
      ...channelOptions({ ownConnection: true, maxMessageBytes: 64 * 1024 * 1024 }),
    });
  }

  /** Rejects with the RemoteError. */
  unary(text: string, metadata: Metadata = new Metadata()): Promise<string> {
    const { path } = echoService.unary;
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + 10_000;
      this.makeUnaryRequest(
        path,
        serialize,
        deserialize,
        { text },
        metadata,
        { deadline },
        (error, value) => {
          if (error) reject(errorFromStatus(error));
          else resolve(value?.text ?? "");
        },
      );
    });
  }

  serverStream(text: string): ReturnType<typeof this.makeServerStreamRequest<Text, Text>> {
    return this.makeServerStreamRequest(echoService.serverStream.path, serialize, deserialize, { text });
  }

  clientStream(
    callback: (error: ServiceError | null, value?: Text) => void,
  ): ReturnType<typeof this.makeClientStreamRequest<Text, Text>> {
    return this.makeClientStreamRequest<Text, Text>(
      echoService.clientStream.path,
      serialize,
      deserialize,
      callback,
    );
  }

  bidi(): ReturnType<typeof this.makeBidiStreamRequest<Text, Text>> {
    return this.makeBidiStreamRequest(echoService.bidi.path, serialize, deserialize);
  }
}
