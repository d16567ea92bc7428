// The client of `graphql-sse`, a connection for each operation.

import assert from "node:assert/strict";
import test from "node:test";
import { createClient } from "graphql-sse";
import {
  account,
  bearer,
  charge,
  expiringTokens,
  restart,
  studioToken,
  url,
  userToken,
} from "../support/service.js";
import { collect, until } from "../support/watch.js";

const BALANCE = `subscription ($after: Sequence) {
  balance(afterSequence: $after) { snapshot sequence balance { sequence available } }
}`;
const OPERATIONS = `subscription ($after: Sequence) {
  operations(afterSequence: $after) { sequence kind availableAfter }
}`;

function open(t, options = {}) {
  const client = createClient({
    url,
    headers: () => bearer(userToken),
    retry: () => new Promise((wake) => setTimeout(wake, 20)),
    retryAttempts: Infinity,
    ...options,
  });
  t.after(() => client.dispose());
  return client;
}

/** A `fetch`, and the status of each answer. */
function watchedFetch() {
  const statuses = [];
  const fetchFn = async (...request) => {
    const response = await fetch(...request);
    statuses.push(response.status);
    return response;
  };
  return { fetchFn, statuses };
}

function watch(t, client, query, variables = {}) {
  const watching = collect((sink) => client.subscribe({ query, variables }, sink));
  t.after(watching.stop);
  return watching;
}

test("a query runs to its only result", async (t) => {
  const results = [];
  const query = "{ viewer { accountId } }";
  for await (const result of open(t).iterate({ query })) results.push(result);
  assert.deepEqual(results, [{ data: { viewer: { accountId: account } } }]);
});

test("a balance begins with a snapshot and follows", async (t) => {
  const feed = watch(t, open(t), BALANCE);
  await until(() => feed.seen.length === 1);
  assert.equal(feed.seen[0].data.balance.snapshot, true);
  const { operation } = await charge();
  await until(() => feed.seen.length === 2);
  const { snapshot, balance } = feed.seen[1].data.balance;
  assert.equal(snapshot, false);
  const { sequence, availableAfter: available } = operation;
  assert.deepEqual(balance, { sequence, available });
});

test("what does not validate is told, and not tried again", async (t) => {
  const feed = watch(t, open(t), "subscription { credits }");
  await until(() => feed.error ?? feed.seen[0]?.errors);
  const told = feed.error ? await feed.error.response.json() : feed.seen[0];
  assert.equal(told.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
});

test("an account of others is not to be seen", async (t) => {
  const client = open(t);
  const feed = watch(t, client, BALANCE.replace("(after", '(accountId: "somebody", after'));
  await until(() => feed.seen[0]?.errors);
  assert.equal(feed.seen[0].errors[0].extensions.code, "NOT_FOUND");
  await until(() => feed.complete);
});

test("a refused token is 401, and the next one is tried", async (t) => {
  const tokens = ["no.longer.good", userToken];
  const { fetchFn, statuses } = watchedFetch();
  const client = open(t, { headers: () => bearer(tokens.shift()), fetchFn });
  const feed = watch(t, client, BALANCE);
  await until(() => feed.seen.length === 1);
  assert.deepEqual(statuses, [401, 200]);
});

test("a token that runs out ends the stream, and a fresh one resumes it", async (t) => {
  const { fetchFn, statuses } = watchedFetch();
  const freshToken = expiringTokens(() => statuses.includes(200));
  const client = open(t, { headers: async () => bearer(await freshToken()), fetchFn });
  const variables = {};
  const feed = collect(({ next, ...rest }) => {
    const resume = (result) => {
      variables.after = result.data.balance.sequence;
      next(result);
    };
    return client.subscribe({ query: BALANCE, variables }, { next: resume, ...rest });
  });
  t.after(feed.stop);
  await until(() => feed.seen.length === 1);
  await until(() => statuses.filter((status) => status === 200).length === 2);
  // A token that expired on the way is refused before the first that is admitted.
  const refused = statuses.indexOf(200);
  assert.deepEqual(statuses, [...Array(refused).fill(401), 200, 200]);
  const { operation } = await charge();
  await until(() => feed.seen.length === 2);
  const { snapshot, sequence } = feed.seen[1].data.balance;
  assert.equal(snapshot, false);
  assert.equal(sequence, operation.sequence);
});

for (const signal of ["SIGTERM", "SIGKILL"]) {
  test(`after ${signal} it is asked again and misses nothing`, async (t) => {
    const client = open(t);
    const seen = [];
    const variables = { after: 0 };
    let over = false;
    // What an orderly end completes is asked for again by us, what breaks by the client.
    const follow = async () => {
      while (!over) {
        for await (const { data } of client.iterate({ query: OPERATIONS, variables })) {
          variables.after = data.operations.sequence;
          seen.push(variables.after);
          if (over) break;
        }
      }
    };
    const following = follow();
    const { operation: before } = await charge();
    await until(() => seen.at(-1) === before.sequence);
    await restart(signal);
    await charge();
    const { operation: last } = await charge();
    await until(() => seen.at(-1) === last.sequence);
    over = true;
    await charge();
    await following;
    const all = Array.from({ length: seen.length }, (_, index) => index + 1);
    assert.deepEqual(seen, all);
  });
}

test("a studio watches any account", async (t) => {
  const client = open(t, { headers: () => bearer(studioToken) });
  const feed = watch(t, client, BALANCE.replace("(after", `(accountId: "${account}", after`));
  await until(() => feed.seen.length === 1);
  assert.equal(feed.seen[0].data.balance.snapshot, true);
});
