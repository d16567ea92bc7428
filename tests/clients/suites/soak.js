// The soak: feeds over both transports through fifty restarts, cut and dead connections and a slow
// network, while charges run.
//
// Owns what must hold whatever happens: sequences only rise, `operations` misses nothing and doubles
// nothing, a sequence names one balance, every charge that was answered is in the ledger once, and
// the last balance shown is the ledger's. One feed that does not resume is watched beside the others:
// it has to miss something, or the soak proves nothing.

import assert from "node:assert/strict";
import test from "node:test";
import { isDeepStrictEqual } from "node:util";
import { createClient as createSseClient } from "graphql-sse";
import { account, bearer, operationId, read, restart, studioToken, url, userToken } from "../support/service.js";
import { openProxy } from "../support/proxy.js";
import { snippet } from "../support/snippets.js";
import { until } from "../support/watch.js";

const { connect } = await snippet("live.js");
const { caller } = await snippet("ask.js");
const { charge } = await snippet("charge.js");

const RESTARTS = 50;
/** How many charges are answered between two of them, so that they come at all stages of a connection. */
const ANSWERS_BETWEEN = [5, 150];
/** How many feeds connect between two of them. */
const CONNECTS_BETWEEN = 2;
/** Who charges at once, and how long each waits in between. */
const CHARGERS = 12;
const CHARGE_EVERY_MS = [10, 60];
/** Packs of 200 credits, of which each pays for 40 charges: more than are made. */
const PACKS = 1_000;
/** A slow line: so much at a time, each so late. Some 50 kB/s. */
const PIECE_BYTES = 400;
const PIECE_MS = [0, 15];
/** How often lines are cut or go dead, and how soon a client gives a dead one up. */
const ACCIDENT_EVERY_MS = [300, 1_500];
const SILENCE_MS = 1_500;

const between = ([low, high]) => low + Math.random() * (high - low);
const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

const ENTRY = "sequence operationId kind change availableAfter";
const OPERATIONS = `subscription ($afterSequence: Sequence) { operations(afterSequence: $afterSequence) { ${ENTRY} } }`;
const BALANCE = `subscription ($afterSequence: Sequence) {
  balance(afterSequence: $afterSequence) { snapshot sequence balance { sequence available } }
}`;
const LEDGER = `query ($after: String) {
  viewer {
    balance { sequence available }
    operations(first: 100, after: $after) { nodes { ${ENTRY} } pageInfo { hasNextPage endCursor } }
  }
}`;
const PURCHASE = `mutation ($input: PurchasePackInput!) { purchasePack(input: $input) { userErrors { code } } }`;

/** What a feed showed, in the order in which it came, and how often it had to connect. */
const feed = () => ({ seen: [], connects: 0, errors: [], stop: undefined });

/** A feed over a socket, by the documentation's client. */
function overSocket(port, query, variables, resumes = true) {
  const shown = feed();
  const client = connect({
    url: `ws://127.0.0.1:${port}/graphql`,
    freshToken: () => userToken,
    silenceMs: SILENCE_MS,
  });
  client.on("connected", () => (shown.connects += 1));
  const sink = {
    next: ({ data, errors }) => {
      if (errors) return shown.errors.push(errors);
      const [event] = Object.values(data);
      // What has no sequence is not resumed from.
      shown.seen.push(resumes ? event : event.place);
    },
    error: (error) => shown.errors.push(error),
    complete: () => shown.errors.push("complete"),
  };
  // Without subscriptions it closes by itself. `dispose` fails while it waits for its next try.
  shown.stop = client.subscribe({ query, variables }, sink);
  return shown;
}

/** A feed over server-sent events. What an orderly end completes is asked for again. */
function overEvents(port, query, variables) {
  const shown = feed();
  const client = createSseClient({
    url: `http://127.0.0.1:${port}/graphql`,
    headers: () => bearer(userToken),
    retryAttempts: Infinity,
    retry: (tries) => sleep(Math.random() * Math.min(2_000, 100 * 2 ** tries)),
    on: { connected: () => (shown.connects += 1) },
  });
  const position = { ...variables };
  let stopped = false;
  const subscribe = () => {
    if (stopped) return;
    client.subscribe({ query, variables: position }, {
      next: ({ data, errors }) => {
        if (errors) return shown.errors.push(errors);
        const [event] = Object.values(data);
        position.afterSequence = event.sequence;
        shown.seen.push(event);
      },
      error: (error) => shown.errors.push(error),
      complete: () => setTimeout(subscribe, between([0, 100])),
    });
  };
  subscribe();
  shown.stop = () => {
    stopped = true;
    client.dispose();
  };
  return shown;
}

/** Charges until it is over; each answer is kept under the id that was made before. */
async function keepCharging(ask, answers, isOver) {
  while (!isOver()) {
    const request = { accountId: account, action: "text-to-image", model: "pencil" };
    const input = { operationId: operationId(), ...request };
    answers.set(input.operationId, await charge(ask, input, Infinity));
    await sleep(between(CHARGE_EVERY_MS));
  }
}

/** Cuts lines, and lets some go dead, until it is over. */
async function haveAccidents(proxies, isOver) {
  while (!isOver()) {
    await sleep(between(ACCIDENT_EVERY_MS));
    const proxy = proxies[Math.floor(Math.random() * proxies.length)];
    if (proxy.mayHush && Math.random() < 0.3) proxy.hush();
    else proxy.cut();
  }
}

/** The whole ledger as it is read, oldest first, and the balance at its end. */
async function readLedger() {
  const entries = [];
  let balance;
  for (let after, more = true; more; ) {
    const { viewer } = await read(userToken, LEDGER, { after });
    balance ??= viewer.balance;
    entries.push(...viewer.operations.nodes);
    ({ endCursor: after, hasNextPage: more } = viewer.operations.pageInfo);
  }
  return { balance, entries: entries.reverse() };
}

test("feeds miss nothing through restarts, accidents and a slow network", async (t) => {
  const payment = {
    provider: "soak",
    reference: operationId(),
    amount: { amountMinor: 500 * PACKS, currency: "USD" },
    paidAt: new Date().toISOString(),
  };
  const purchase = { operationId: operationId(), accountId: account, packId: "boost", quantity: PACKS, payment };
  const { purchasePack } = await read(studioToken, PURCHASE, { input: purchase });
  assert.deepEqual(purchasePack.userErrors, []);

  const weather = { pieceBytes: PIECE_BYTES, delayMs: () => between(PIECE_MS) };
  const line = async (mayHush) => ({ ...(await openProxy(url, weather)), mayHush });
  const proxies = await Promise.all([line(true), line(true), line(false), line(false), line(false)]);
  t.after(() => proxies.forEach((proxy) => proxy.close()));
  const [sockets, others, events, otherEvents, charges] = proxies;

  const operations = [
    overSocket(sockets.port, OPERATIONS, { afterSequence: 0 }),
    overEvents(events.port, OPERATIONS, { afterSequence: 0 }),
  ];
  const balances = [
    overSocket(others.port, BALANCE, {}),
    overEvents(otherEvents.port, BALANCE, {}),
  ];
  // Under another name the sequence is not seen by the client, which then asks for no position.
  const forgetful = overSocket(sockets.port, OPERATIONS.replace("sequence operationId", "place: sequence"), {}, false);
  const feeds = [...operations, ...balances, forgetful];
  t.after(() => feeds.forEach((one) => one.stop()));

  let over = false;
  const isOver = () => over;
  const answers = new Map();
  const ask = caller({ url: `http://127.0.0.1:${charges.port}/graphql`, freshToken: () => studioToken });
  const working = Array.from({ length: CHARGERS }, () => keepCharging(ask, answers, isOver));
  working.push(haveAccidents(proxies, isOver));
  const connects = () => feeds.reduce((sum, one) => sum + one.connects, 0);
  // Of the sequences between the first that it saw and the last, those that it did not see.
  const missed = () => forgetful.seen.at(-1) - forgetful.seen[0] + 1 - forgetful.seen.length;
  for (let restarts = 0; restarts < RESTARTS; restarts += 1) {
    const answersMin = answers.size + between(ANSWERS_BETWEEN);
    const connectsMin = connects() + CONNECTS_BETWEEN;
    await until(() => answers.size >= answersMin && connects() >= connectsMin);
    await restart(restarts % 2 === 0 ? "SIGKILL" : "SIGTERM");
  }
  // Accidents and charges go on until each feed had to connect again, and the forgetful one missed something.
  await until(() => feeds.every((one) => one.connects > 1) && missed() > 0);
  over = true;
  await Promise.all(working);

  const { balance, entries } = await readLedger();
  const last = balance.sequence;
  const reached = (one) => one.seen.at(-1)?.sequence === last;
  await until(() => [...operations, ...balances].every(reached));
  for (const one of feeds) assert.deepEqual(one.errors, []);

  for (const { seen } of operations) {
    const place = entries.findIndex((entry, index) => !isDeepStrictEqual(entry, seen[index]));
    assert.equal(place, -1, `after ${place} comes ${seen[place]?.sequence}`);
    assert.equal(seen.length, entries.length);
  }
  for (const { seen } of balances) {
    for (const [place, { sequence, balance: shown }] of seen.entries()) {
      assert.equal(shown.sequence, sequence);
      assert.ok(place === 0 || sequence > seen[place - 1].sequence, "sequences only rise");
      assert.equal(shown.available, entries[sequence - 1].availableAfter);
    }
    assert.deepEqual(seen.at(-1).balance, balance);
  }

  const charged = entries.filter((entry) => entry.kind === "CHARGE");
  assert.deepEqual(charged.map((entry) => entry.operationId).sort(), [...answers.keys()].sort());
  for (const { operationId: id, change, availableAfter, sequence } of charged) {
    const answer = answers.get(id);
    assert.deepEqual(answer.userErrors, []);
    assert.equal(change, -answer.cost);
    assert.deepEqual(answer.balance, { sequence, available: availableAfter });
  }

  const replayed = [...answers.values()].filter((answer) => answer.replayed).length;
  t.diagnostic(`${charged.length} charges, ${replayed} of them answered by a repeat`);
  t.diagnostic(`connections: ${feeds.map((one) => one.connects)}; without resuming ${missed()} missed`);
});
