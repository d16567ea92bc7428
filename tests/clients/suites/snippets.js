// Every block of code of the documentation with a file name, doing what the text around it says.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";
import {
  account,
  operationId,
  charge as spend,
  expiringTokens,
  read,
  restart,
  studioToken,
  url,
  userToken,
  wsUrl,
} from "../support/service.js";
import { openProxy } from "../support/proxy.js";
import { lines, names, snippet } from "../support/snippets.js";
import { until } from "../support/watch.js";

const { connect } = await snippet("live.js");
const { watchBalance } = await snippet("balance.js");
const { caller, Fault } = await snippet("ask.js");
const { charge } = await snippet("charge.js");
const { outcome } = await snippet("outcome.js");
const { picker } = await snippet("picker.js");
const { advice } = await snippet("advice.js");
const { balanceText } = await snippet("balance-text.js");
const { refusalText } = await snippet("refusal-text.js");
const { showBalance } = await snippet("page.js");

const user = caller({ url, freshToken: () => userToken });
const studio = caller({ url, freshToken: () => studioToken });
const picture = (more) => {
  const request = { accountId: account, action: "text-to-image", model: "pencil" };
  return { operationId: operationId(), ...request, ...more };
};

/** What is available now, by a query. */
async function availableNow() {
  const { viewer } = await read(userToken, "{ viewer { balance { available } } }");
  return viewer.balance.available;
}

/**
 * What a page shows of the balance while it is open, what it reported, and in which order it showed a
 * balance ("shown") and its sockets were closed (the code).
 */
function page(t, options = {}) {
  const shown = [];
  const reported = [];
  const events = [];
  const client = connect({ url: wsUrl, freshToken: () => userToken, ...options });
  client.on("closed", ({ code }) => events.push(code));
  const show = (balance) => {
    shown.push(balance);
    events.push("shown");
  };
  const stop = watchBalance(client, show, (one) => reported.push(one));
  t.after(stop);
  return { shown, reported, events };
}

test("all are run: here, or by the suite of their library", () => {
  const elsewhere = ["apollo.js", "urql.js"];
  const here = ["live", "balance", "ask", "charge", "outcome", "picker", "advice", "balance-text", "refusal-text", "page"];
  assert.deepEqual(names.sort(), [...here.map((name) => `${name}.js`), ...elsewhere].sort());
});

test("the client is short enough to be copied", () => {
  assert.ok(lines("live.js") <= 30, `${lines("live.js")} lines`);
});

for (const signal of ["SIGTERM", "SIGKILL"]) {
  test(`an open page survives ${signal} and misses no number`, async (t) => {
    const { shown, reported } = page(t);
    await until(() => shown.length === 1);
    const first = await spend();
    await until(() => shown.at(-1).available === first.operation.availableAfter);
    await restart(signal);
    const second = await spend();
    await until(() => shown.at(-1).available === second.operation.availableAfter);
    const third = await spend();
    await until(() => shown.at(-1).available === third.operation.availableAfter);
    assert.deepEqual(reported, []);
    const available = shown.map((balance) => balance.available);
    assert.deepEqual(available, [0, 5, 10, 15].map((used) => available[0] - used));
  });
}

test("a label shows the balance and follows it", async (t) => {
  const label = {};
  t.after(showBalance(label, { url: wsUrl, freshToken: () => userToken }));
  await until(() => label.textContent);
  const { operation } = await spend();
  const left = `${operation.availableAfter.toLocaleString("en")} credits left`;
  await until(() => label.textContent.includes(left));
});

test("a page whose token runs out goes on with the next", async (t) => {
  const freshToken = expiringTokens(() => events.includes("shown"));
  const { shown, reported, events } = page(t, { freshToken });
  await until(() => events.includes("shown"));
  await until(() => events.includes(4403, events.indexOf("shown")));
  const { operation } = await spend();
  await until(() => shown.at(-1)?.available === operation.availableAfter);
  assert.deepEqual(reported, []);
});

/** Fails unless sockets were closed, and all by `terminate`, which the client calls 4499. */
function onlyTheWatchdogCloses(events) {
  const codes = new Set(events.filter((event) => event !== "shown"));
  assert.deepEqual([...codes], [4499]);
}

test("a socket that says nothing is given up for another", async (t) => {
  const proxy = await openProxy(url);
  t.after(proxy.close);
  const feed = `ws://127.0.0.1:${proxy.port}/graphql`;
  const { shown, reported, events } = page(t, { url: feed, silenceMs: 2_000 });
  await until(() => shown.length > 0);
  // The connection stays, and nothing comes through it any more.
  proxy.hush();
  const { operation } = await spend();
  await until(() => shown.at(-1).available === operation.availableAfter);
  onlyTheWatchdogCloses(events);
  assert.deepEqual(reported, []);
});

test("a socket that never opens is given up for another", async (t) => {
  const weather = { mute: true };
  const proxy = await openProxy(url, weather);
  t.after(proxy.close);
  const feed = `ws://127.0.0.1:${proxy.port}/graphql`;
  const { shown, reported, events } = page(t, { url: feed, silenceMs: 2_000 });
  await until(() => proxy.open() > 0);
  weather.mute = false;
  await until(() => shown.length > 0);
  onlyTheWatchdogCloses(events);
  assert.deepEqual(reported, []);
});

test("a repeated or older event is not shown", () => {
  let sink;
  const shown = [];
  watchBalance({ subscribe: (_, given) => (sink = given) }, (balance) => shown.push(balance.available));
  const event = (sequence, available, snapshot = false) =>
    sink.next({ data: { balance: { snapshot, sequence, balance: { available } } } });
  event(7, 70, true);
  event(7, 71);
  event(6, 60);
  event(8, 80);
  event(3, 30, true); // Another ledger: a snapshot says where it begins.
  event(4, 40);
  assert.deepEqual(shown, [70, 80, 30, 40]);
});

test("a fault has a code, and says whether to send it again", async () => {
  const failed = charge(user, picture());
  await assert.rejects(failed, (fault) => {
    assert.ok(fault instanceof Fault);
    assert.equal(fault.code, "FORBIDDEN");
    assert.equal(fault.retryable, false);
    assert.ok(fault.traceId);
    return true;
  });
});

test("a token that ran out on the way is renewed once", async () => {
  const asked = [];
  const freshToken = ({ force }) => {
    asked.push(force);
    return force ? userToken : "no.longer.good";
  };
  const { viewer } = await caller({ url, freshToken })("{ viewer { accountId } }");
  assert.equal(viewer.accountId, account);
  assert.deepEqual(asked, [false, true]);
  const never = caller({ url, freshToken: () => "no.longer.good" });
  await assert.rejects(never("{ viewer { accountId } }"), { code: "UNAUTHENTICATED" });
});

test("a charge that is sent again is made once", async () => {
  const input = picture();
  const first = await charge(studio, input);
  assert.deepEqual([first.replayed, first.cost], [false, 5]);
  const again = await charge(studio, input);
  assert.deepEqual([again.replayed, again.balance], [true, first.balance]);
});

test("a charge whose answer is lost is made once", async () => {
  const input = picture();
  let sent = 0;
  const lossy = async (query, variables) => {
    const data = await studio(query, variables);
    sent += 1;
    if (sent === 1) throw new TypeError("the connection broke");
    return data;
  };
  const { replayed, cost } = await charge(lossy, input);
  assert.deepEqual([sent, replayed, cost], [2, true, 5]);
});

test("a charge goes through a restart", async () => {
  const input = picture();
  const restarted = restart("SIGKILL");
  const { userErrors, cost } = await charge(studio, input, Infinity);
  await restarted;
  assert.deepEqual([userErrors, cost], [[], 5]);
});

test("faults that pass are tried again, as they ask, and no more than so often", async () => {
  let asked = 0;
  const fault = { message: "busy", extensions: { code: "OVERLOADED", retryable: true, retryAfterMs: 1 } };
  const busy = async () => {
    asked += 1;
    throw new Fault(fault);
  };
  await assert.rejects(charge(busy, picture(), 3), { code: "OVERLOADED" });
  assert.equal(asked, 3);
});

test("a gateway that answers in HTML is no answer", async (t) => {
  let asked = 0;
  const gateway = createServer((_, response) => {
    asked += 1;
    response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
  });
  await new Promise((listening) => gateway.listen(0, "127.0.0.1", listening));
  t.after(() => gateway.close());
  const behind = caller({
    url: `http://127.0.0.1:${gateway.address().port}/graphql`,
    freshToken: () => studioToken,
  });
  await assert.rejects(charge(behind, picture(), 2), SyntaxError);
  assert.equal(asked, 2);
});

test("what became of an id is known to who has only the id", async () => {
  const accepted = picture();
  await charge(studio, accepted);
  const refused = picture({ model: "crayon" });
  await charge(studio, refused);
  const dear = picture({ action: "text-to-video", model: "reel", seconds: 10, variations: 4 });
  await charge(studio, dear);
  assert.equal(await outcome(user, accepted.operationId), "ACCEPTED");
  assert.equal(await outcome(user, dear.operationId), "REFUSED");
  assert.equal(await outcome(user, operationId()), "UNDECIDED");
});

test("a picker has the price of every model that can do it", async () => {
  const images = await picker(user, { action: "text-to-image", variations: 2 });
  assert.deepEqual(
    images.map(({ text }) => text),
    ["Pencil: 10 credits", "Easel: 20 credits"],
  );
  const films = await picker(user, { action: "text-to-video", variations: 4, seconds: 10 });
  const short = 600 - (await availableNow());
  assert.deepEqual(films.map(({ text }) => text), [`Reel: 600 credits (${short} short)`]);

  // The quote binds for the backend's charge of the same request.
  const { quoteId, cost } = images[0].quote;
  const paid = await charge(studio, picture({ variations: 2, quoteId }));
  assert.deepEqual([paid.userErrors, paid.cost], [[], cost]);
});

test("what to be careful with is told before it is charged", async () => {
  const { operationId: _, ...request } = picture({ variations: 4 });
  const told = await advice(user, request);
  const many = told.find(({ code }) => code === "MANY_VARIATIONS");
  assert.equal(many.text, "4 results are made at once and each is charged; one costs 5 credits.");
  assert.equal(many.button, "With variations 1: 5 credits");
});

test("a balance is told with its renewal", async (t) => {
  const allowance = {
    granted: 1_000,
    used: 300,
    periodEnd: "2027-03-01T00:00:00.000000Z",
    renewsAt: "2027-03-01T00:00:00.000000Z",
  };
  const table = [
    [{ available: 700, held: 0, allowance }, "300 of 1,000 used, renews on March 1; 700 credits left"],
    [
      { available: 625, held: 75, allowance: { ...allowance, renewsAt: null } },
      "300 of 1,000 used, ends on March 1; 625 credits left; 75 set aside for what is being made",
    ],
    [{ available: 50, held: 0, allowance: null }, "50 credits left"],
  ];
  for (const [balance, text] of table) assert.equal(balanceText(balance), text);

  const { shown } = page(t);
  await until(() => shown.length === 1);
  const left = await availableNow();
  const sentence = new RegExp(`^${500 - left} of 500 used, renews on \\w+ \\d+; ${left} credits left$`);
  assert.match(balanceText(shown[0]), sentence);
});

test("a refusal is told with what would help", async () => {
  const film = picture({ action: "text-to-video", model: "reel", seconds: 10, variations: 4 });
  const { userErrors } = await charge(studio, film);
  const [refusal] = userErrors;
  const { text, buttons } = refusalText(refusal);
  const left = await availableNow();
  const sentence = /^This uses 600 credits, and (\d+) are left\. 500 more come on \w+ \d+\.$/;
  assert.equal(sentence.exec(text)?.[1], String(left), text);
  assert.deepEqual(
    buttons.map((button) => button.text),
    ["With variations 2: 300 credits", "Boost: 200 credits for $5.00"],
  );

  const dearer = await charge(studio, picture({ maxCost: 1 }));
  assert.equal(refusalText(dearer.userErrors[0]).text, "The price is now 5 credits.");
  const prompt = `A fox ${operationId()}`;
  await charge(studio, picture({ prompt }));
  const repeat = await charge(studio, picture({ prompt, repeatGuard: true }));
  const shown = refusalText(repeat.userErrors[0]);
  assert.equal(shown.text, "This ran within the last 10 minutes, for 5 credits in all.");
  const { text: _, ...answer } = shown.buttons[0];
  const sure = await charge(studio, picture({ prompt, repeatGuard: true, ...answer }));
  assert.deepEqual(sure.userErrors, []);
  const unknown = await charge(studio, picture({ model: "crayon" }));
  assert.equal(refusalText(unknown.userErrors[0]).text, "This can't be done (MODEL_UNKNOWN).");
});
