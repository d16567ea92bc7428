// A bad network in front of the service: it delays, throttles, goes silent and cuts.

import { createServer, connect } from "node:net";

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

/**
 * Passes on what comes, as slowly as `weather` says, until the connection ends. What comes once it is
 * hushed is read and dropped: to stop reading would close it, and a closed connection is not silent.
 */
async function pass(from, to, line, weather) {
  for await (const chunk of from) {
    let rest = chunk;
    while (rest.length > 0 && !line.hushed) {
      const piece = rest.subarray(0, weather.pieceBytes ?? rest.length);
      rest = rest.subarray(piece.length);
      if (weather.delayMs) await sleep(weather.delayMs());
      if (line.hushed) break;
      if (to.destroyed) return;
      if (!to.write(piece)) await new Promise((drained) => to.once("drain", drained).once("close", drained));
    }
  }
  if (!line.hushed) to.end();
}

/**
 * A proxy to the service of `url`. `weather` may be changed while it runs: `delayMs()` for each piece
 * of at most `pieceBytes`; `mute` for connections that are taken and never answered.
 */
export async function openProxy(url, weather = {}) {
  const { hostname, port } = new URL(url);
  const lines = new Set();
  const server = createServer((client) => {
    const service = connect({ host: hostname, port });
    const line = { client, service, hushed: weather.mute ?? false };
    lines.add(line);
    for (const [from, to] of [[client, service], [service, client]]) {
      // A connection that fails on one side is over on the other, unless it is hushed.
      from.on("error", () => {});
      from.on("close", () => {
        if (!line.hushed) to.destroy();
        if (to.closed || !line.hushed) lines.delete(line);
      });
      pass(from, to, line, weather).catch(() => to.destroy());
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const cut = () => {
    for (const { client, service } of lines) {
      client.resetAndDestroy();
      service.destroy();
    }
  };
  return {
    port: server.address().port,
    /** How many connections clients have. */
    open: () => [...lines].filter(({ client }) => !client.closed).length,
    /** Resets all connections. */
    cut,
    /** Passes on nothing more of the connections there are, and says so to nobody. */
    hush: () => {
      for (const line of lines) line.hushed = true;
    },
    close: () => {
      cut();
      server.close();
    },
  };
}
