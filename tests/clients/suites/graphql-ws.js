// The client of `graphql-ws`: when it opens and closes its socket, what it runs over it, whom it is
// let in as, and how it comes back.

import assert from "node:assert/strict";
import test from "node:test";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import {
  account,
  bearer,
  charge,
  expiringTokens,
  operationId,
  restart,
  studioToken,
  userToken,
  wsUrl,
} from "../support/service.js";
import { collect, until } from "../support/watch.js";

const BALANCE = `subscription ($after: Sequence) {
  balance(afterSequence: $after) { snapshot sequence balance { sequence available } }
}`;
const OPERATIONS = `subscription ($after: Sequence) {
  operations(afterSequence: $after) { sequence kind availableAfter }
}`;

/** A client, which leaves when its last subscription does, and what happened to its socket. */
function open(options = {}) {
  const events = [];
  const client = createClient({
    url: wsUrl,
    webSocketImpl: WebSocket,
    connectionParams: () => bearer(userToken),
    retryWait: () => new Promise((wake) => setTimeout(wake, 20)),
    retryAttempts: Infinity,
    // Without it an attempt that is not even answered is the last.
    shouldRetry: () => true,
    on: {
      connected: () => events.push("connected"),
      closed: ({ code }) => events.push(code),
    },
    ...options,
  });
  return { client, events };
}

/** Subscribes, and gives what comes. */
function watch(t, client, query, variables = {}) {
  const watching = collect((sink) => client.subscribe({ query, variables }, sink));
  t.after(watching.stop);
  return watching;
}

/** Runs a query or a mutation to its only result. */
async function run(client, query, variables) {
  const results = [];
  for await (const result of client.iterate({ query, variables })) results.push(result);
  assert.equal(results.length, 1);
  return results[0];
}

test("it connects when there is something to ask, and leaves when there is not", async (t) => {
  const { client, events } = open();
  assert.deepEqual(events, []);
  const { data } = await run(client, "{ viewer { accountId } }");
  assert.equal(data.viewer.accountId, account);
  await until(() => events.length === 2);
  assert.deepEqual(events, ["connected", 1000]);
});

test("queries, mutations and subscriptions share a socket", async (t) => {
  const { client, events } = open({ connectionParams: () => bearer(studioToken) });
  const feed = watch(t, client, BALANCE.replace("(after", `(accountId: "${account}", after`));
  await until(() => feed.seen.length === 1);
  assert.equal(feed.seen[0].data.balance.snapshot, true);

  const spend = `mutation ($input: ChargeInput!) {
    charge(input: $input) { cost balance { sequence available } userErrors { code } }
  }`;
  const picture = { accountId: account, action: "text-to-image", model: "pencil" };
  const input = { operationId: operationId(), ...picture };
  const { data } = await run(client, spend, { input });
  assert.deepEqual(data.charge.userErrors, []);
  await until(() => feed.seen.length === 2);
  const update = feed.seen[1].data.balance;
  assert.equal(update.snapshot, false);
  assert.deepEqual(update.balance, data.charge.balance);
  assert.deepEqual(events, ["connected"]);
});

test("what does not validate is an error of its operation only", async (t) => {
  const { client, events } = open();
  const feed = watch(t, client, BALANCE);
  const wrong = watch(t, client, "subscription { credits }");
  await until(() => wrong.error && feed.seen.length === 1);
  assert.equal(wrong.error[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
  assert.equal(wrong.seen.length, 0);
  assert.deepEqual(events, ["connected"]);
});

test("who has no token reads what is public and no account", async (t) => {
  const { client } = open({ connectionParams: undefined });
  const { data } = await run(client, "{ catalog { version } }");
  assert.equal(data.catalog.version, 1);
  const feed = watch(t, client, BALANCE);
  await until(() => feed.error ?? feed.seen[0]?.errors);
  const [error] = feed.error ?? feed.seen[0].errors;
  assert.equal(error.extensions.code, "UNAUTHENTICATED");
});

test("a refused token is 4403, and the next one is tried", async (t) => {
  const tokens = ["no.longer.good", userToken];
  const { client, events } = open({ connectionParams: () => bearer(tokens.shift()) });
  const feed = watch(t, client, BALANCE);
  await until(() => feed.seen.length === 1);
  assert.deepEqual(events, [4403, "connected"]);
});

test("a token that runs out ends the socket, and a fresh one resumes the feed", async (t) => {
  const freshToken = expiringTokens(() => events.includes("connected"));
  const { client, events } = open({ connectionParams: async () => bearer(await freshToken()) });
  const feed = watch(t, client, BALANCE);
  const admitted = () => events.filter((event) => event === "connected").length;
  await until(() => admitted() === 2);
  // A token that expired on the way is refused before the first that is admitted.
  const refused = events.indexOf("connected");
  assert.deepEqual(events, [...Array(refused).fill(4403), "connected", 4403, "connected"]);
  const { operation } = await charge();
  await until(() => feed.seen.at(-1).data.balance.sequence === operation.sequence);
});

for (const signal of ["SIGTERM", "SIGKILL"]) {
  test(`after ${signal} it resumes where it was, and misses nothing`, async (t) => {
    const { client, events } = open();
    const variables = { after: 0 };
    const feed = watch(t, client, OPERATIONS, variables);
    const sequences = () => feed.seen.map(({ data }) => data.operations.sequence);
    const { operation: before } = await charge();
    await until(() => sequences().at(-1) === before.sequence);

    variables.after = before.sequence;
    const restarted = restart(signal);
    await until(() => events.length >= 2);
    // A clean end says 1001; a killed process says nothing, and the client calls that 1006.
    assert.deepEqual(events.slice(0, 2), ["connected", signal === "SIGTERM" ? 1001 : 1006]);
    await restarted;
    await charge();
    const { operation: after } = await charge();
    await until(() => sequences().at(-1) === after.sequence);
    const all = Array.from({ length: after.sequence }, (_, index) => index + 1);
    assert.deepEqual(sequences(), all);
  });
}

test("a balance resumes with what is newer, and without a snapshot if it is near", async (t) => {
  const { operation: known } = await charge();
  const { client } = open();
  const feed = watch(t, client, BALANCE, { after: known.sequence });
  const { operation: next } = await charge();
  await until(() => feed.seen.length > 0);
  const { snapshot, sequence } = feed.seen[0].data.balance;
  assert.equal(snapshot, false);
  assert.equal(sequence, next.sequence);
});
