import { afterEach } from "@jest/globals";
import { EchoClient, type EchoHandlers, type EchoServer, startEcho } from "./echo.ts";

/** What starts a server with these handlers and a client of it, both of which are closed after the test. */
export function useEcho(): (handlers: EchoHandlers) => Promise<{ client: EchoClient; server: EchoServer }> {
  const open: { close(): void }[] = [];
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });
  return async (handlers) => {
    const server = await startEcho(handlers);
    const client = new EchoClient(server.address);
    open.push(server, client);
    return { client, server };
  };
}
