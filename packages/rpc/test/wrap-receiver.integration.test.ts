import { once } from "node:events";
import { describe, expect, test } from "@jest/globals";
import type { ServiceError } from "@grpc/grpc-js";
import {
  type CallContext,
  type RequestReceiver,
  type ResponseSink,
  PermissionDeniedError,
  errorFromStatus,
  localAdmin,
  wrapReceiver,
} from "@coxswain/rpc";
import type { EchoClient, Text } from "./echo.ts";
import { useEcho } from "./use-echo.ts";

const start = useEcho();

type Open = (context: CallContext, sink: ResponseSink<Text>) => RequestReceiver<Text>;

async function call(run: Open): Promise<ReturnType<EchoClient["bidi"]>> {
  const { client } = await start({ bidi: wrapReceiver(run, { insecurePeer: localAdmin }) });
  return client.bidi();
}

/** The typed error that the call ends with. */
async function failure(stream: ReturnType<EchoClient["bidi"]>): Promise<unknown> {
  stream.on("data", () => {});
  const [error] = (await once(stream, "error")) as [ServiceError];
  return errorFromStatus(error);
}

describe("a receiver", () => {
  test("takes each request as it comes, and is closed once when the client has ended", async () => {
    const taken: string[] = [];
    let closed = 0;
    const stream = await call((_, sink) => ({
      receive: ({ text }) => {
        taken.push(text);
        sink.send({ text: `${text}!` });
      },
      close: () => (closed += 1),
    }));
    const answers: string[] = [];
    stream.on("data", ({ text }: Text) => answers.push(text));
    for (const text of ["a", "b", "c"]) stream.write({ text });
    stream.end();
    await once(stream, "end");
    expect(taken).toEqual(["a", "b", "c"]);
    expect(answers).toEqual(["a!", "b!", "c!"]);
    expect(closed).toBe(1);
  });

  test("that throws ends the call with the status of its error, and takes nothing more", async () => {
    const taken: string[] = [];
    let closed = 0;
    const stream = await call(() => ({
      receive: ({ text }) => {
        taken.push(text);
        if (text === "b") throw new PermissionDeniedError("not b");
      },
      close: () => (closed += 1),
    }));
    for (const text of ["a", "b", "c"]) stream.write({ text });
    expect(await failure(stream)).toMatchObject({ code: "PERMISSION_DENIED" });
    expect(taken).toEqual(["a", "b"]);
    expect(closed).toBe(1);
  });

  test("may end the call from outside, or refuse to be opened", async () => {
    let sink: ResponseSink<Text> | undefined;
    const opened = await call((_, given) => {
      sink = given;
      return { receive: () => given.send({ text: "opened" }), close: () => {} };
    });
    opened.write({ text: "" });
    await once(opened, "data");
    const ended = failure(opened);
    sink?.fail(new PermissionDeniedError("no more"));
    expect(await ended).toMatchObject({ message: expect.stringContaining("no more") });

    const refused = await call(() => {
      throw new PermissionDeniedError("never");
    });
    expect(await failure(refused)).toMatchObject({ message: expect.stringContaining("never") });
  });

  test("is closed when the client cancels", async () => {
    const closed = new Promise<void>((resolve) => {
      void call((_, sink) => ({ receive: () => sink.send({ text: "opened" }), close: resolve })).then(
        async (stream) => {
          stream.on("error", () => {});
          stream.write({ text: "" });
          await once(stream, "data");
          stream.cancel();
        },
      );
    });
    await closed;
  });
});
