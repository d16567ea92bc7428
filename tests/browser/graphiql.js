// The page at /graphiql as a newcomer meets it, in headless Chromium.
//
// CREDITS_URL is where a service in development runs, with its demo account. Ends with an error that
// says what was not so. With CREDITS_SCREENSHOTS, a directory, it leaves pictures of what it saw.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const { CREDITS_URL, CREDITS_CHROMIUM, CREDITS_SCREENSHOTS } = process.env;
// The pause between two looks, and after how many the condition will never hold. A wait has no other
// bound, so that a slow machine makes the test slow and never makes it fail.
const LOOK_EVERY_MS = 20;
const LOOKS_MAX = 15_000;
const tour = new URL('../../api/graphiql/tour/', import.meta.url);
const documents = JSON.parse(readFileSync(new URL('tour.json', tour))).map(({ file }) =>
  readFileSync(new URL(file, tour), 'utf8'),
);
const titles = documents.map((text) => /^(query|mutation|subscription) (\w+)/m.exec(text)[2]);

const browser = await chromium.launch({
  executablePath: CREDITS_CHROMIUM,
  timeout: 0,
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

// A window in a browser of its own, which notes all that no page of ours may do.
async function visitor() {
  const context = await browser.newContext({ viewport: { width: 1360, height: 820 } });
  context.setDefaultTimeout(0);
  const faults = [];
  context.on('request', (request) => {
    const local = [CREDITS_URL, CREDITS_URL.replace('http', 'ws'), 'data:', 'blob:'];
    if (!local.some((prefix) => request.url().startsWith(prefix))) faults.push(`asks ${request.url()}`);
  });
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`says ${message.text()}`);
  });
  context.on('weberror', (error) => faults.push(`throws ${error.error()}`));
  context.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} for ${response.url()}`);
  });
  await context.exposeFunction('noteViolation', (text) => faults.push(`policy: ${text}`));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      window.noteViolation(`${violatedDirective} ${blockedURI}`),
    );
  });
  return { context, faults };
}

// Looks until `look` gives a truthy value, and returns it.
async function until(what, look) {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const found = await look();
    if (found) return found;
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
  }
  throw new Error(`not after ${LOOKS_MAX} looks: ${what}`);
}

const visible = (locator) => until(`${locator} is visible`, () => locator.isVisible());
const hidden = (locator) => until(`${locator} is hidden`, () => locator.isHidden());

async function click(locator) {
  await visible(locator);
  await locator.click();
}

async function open(context, path = '/graphiql') {
  const page = await context.newPage();
  await page.goto(CREDITS_URL + path);
  await visible(tab(page, titles[0]));
  // The editors are there once the first one shows its text.
  await visible(page.locator('.graphiql-query-editor .view-line', { hasText: 'query' }).first());
  return page;
}

const picture = async (page, name) => {
  if (CREDITS_SCREENSHOTS) await page.screenshot({ path: join(CREDITS_SCREENSHOTS, `${name}.png`) });
};
const tabs = (page) => page.locator('.graphiql-tab-button');
const tab = (page, title) => tabs(page).and(page.getByText(title, { exact: true }));
const shown = (page) => page.locator('.result-window .view-lines');
const execute = (page) => click(page.locator('.graphiql-execute-button'));

// Runs the tab that is open: what the service answered.
async function run(page) {
  const answered = page.waitForResponse(
    (response) => response.url().endsWith('/graphql') && response.request().method() === 'POST',
  );
  await execute(page);
  const body = await (await answered).json();
  await visible(shown(page).filter({ hasText: '"data"' }));
  return body;
}

async function opensOnTheTour({ context, faults }) {
  const page = await open(context, '/');
  assert.equal(page.url(), `${CREDITS_URL}/graphiql`, 'the root leads to the page');
  assert.deepEqual(await tabs(page).allInnerTexts(), titles);
  const answers = {};
  for (const [index, title] of titles.entries()) {
    if (/^subscription/m.test(documents[index])) continue;
    await click(tab(page, title));
    await hidden(shown(page).filter({ hasText: '"data"' }));
    answers[title] = await run(page);
    assert.equal(answers[title].errors, undefined, `${title} has no errors`);
    await picture(page, title);
  }
  const { used, granted } = answers.Balance.data.viewer.balance.allowance;
  assert.deepEqual([used, granted], [300, 1000]);
  assert.deepEqual(faults, []);
  return page;
}

async function chargesAgainWithNewIds(page) {
  await click(tab(page, 'Charge'));
  const again = await run(page);
  assert.equal(again.data.charge.replayed, true, 'the tab ran before');
  await click(page.getByRole('button', { name: /^New ids/ }));
  const other = await run(page);
  assert.equal(other.data.charge.replayed, false, 'a new id is another charge');
}

async function watchesTheBalance(page, context) {
  const line = page.locator('.live-balance');
  const sequence = async () => Number(/sequence (\d+)/.exec(await line.innerText())?.[1]);
  await visible(page.locator('.live-balance[data-connected=true]', { hasText: 'sequence' }));
  const before = await sequence();

  const window = await open(context);
  await click(tab(window, 'Live'));
  await execute(window);
  await visible(shown(window).filter({ hasText: '"snapshot": true' }));

  await click(page.getByRole('button', { name: /^New ids/ }));
  const { data } = await run(page);
  assert.equal(data.charge.replayed, false);
  const moved = data.charge.balance.sequence;
  assert.ok(moved > before);
  await visible(line.filter({ hasText: `sequence ${moved}` }));
  await visible(shown(window).filter({ hasText: `"sequence": ${moved}` }));
  await visible(shown(window).filter({ hasText: '"snapshot": false' }));
  await picture(window, 'Live');
  await window.close();
}

async function explainsTheSchema(page) {
  await click(page.getByRole('button', { name: 'Show Documentation Explorer' }));
  const explorer = page.locator('.graphiql-doc-explorer');
  await click(explorer.getByText('Mutation', { exact: true }));
  await click(explorer.getByRole('link', { name: 'charge', exact: true }));
  await visible(explorer.getByText('It needs credits:spend'));
  await picture(page, 'docs');
  await click(page.getByRole('button', { name: 'Hide Documentation Explorer' }));
}

// What the developer wrote stays; the tour is fresh.
async function keepsTheDevelopersOwnTabs(page) {
  const variables = page.locator('.graphiql-editor-tool .view-lines').first();
  await click(tab(page, 'Charge'));
  const id = /"operationId": "([^"]+)"/.exec(plain(await variables.innerText()))[1];
  await click(page.locator('.graphiql-tab-add'));
  await click(page.locator('.graphiql-query-editor .view-lines'));
  await page.keyboard.insertText('query Mine { viewer { accountId nope } }');
  // The worker that checks documents runs.
  await visible(page.locator('.graphiql-query-editor .squiggly-error'));
  await visible(tab(page, 'Mine'));
  // GraphiQL stores the text a moment after the last change, and the tabs a moment after that.
  const stored = await until('the tab is stored', async () => {
    const stored = await page.evaluate(() => ({ ...localStorage }));
    return stored['graphiql:tabState']?.includes('query Mine') && JSON.stringify(stored);
  });
  assert.ok(!stored.includes('Bearer'), 'no token is stored');

  await page.reload();
  await visible(tab(page, 'Mine'));
  assert.deepEqual(await tabs(page).allInnerTexts(), [...titles, 'Mine']);
  await click(tab(page, 'Charge'));
  await visible(variables.filter({ hasText: 'operationId' }));
  assert.ok(!plain(await variables.innerText()).includes(id), 'the id is a new one');
  assert.equal((await run(page)).data.charge.replayed, false);
}

// Monaco shows spaces as no-break spaces.
const plain = (text) => text.replaceAll('\u00a0', ' ');

// Elsewhere than in development there are no tokens to give: a hint says what to do.
async function asksForATokenElsewhere({ context, faults }) {
  const settings = { development: false, account: 'demo' };
  await context.route('**/graphiql/settings.json', (route) => route.fulfill({ json: settings }));
  const page = await open(context);
  await visible(page.locator('.graphiql-editor-tool').getByText('Put in a token of the user'));
  await picture(page, 'elsewhere');
  await click(tab(page, 'Catalog'));
  assert.ok((await run(page)).data.catalog.models.length > 0);
  assert.equal(await page.locator('.live-balance').count(), 0);
  assert.deepEqual(faults, []);
}

try {
  const newcomer = await visitor();
  const page = await opensOnTheTour(newcomer);
  await chargesAgainWithNewIds(page);
  await watchesTheBalance(page, newcomer.context);
  await explainsTheSchema(page);
  await keepsTheDevelopersOwnTabs(page);
  assert.deepEqual(newcomer.faults, []);
  await asksForATokenElsewhere(await visitor());
} catch (error) {
  for (const context of browser.contexts()) {
    for (const [index, page] of context.pages().entries()) await picture(page, `failed-${index}`);
  }
  throw error;
} finally {
  await browser.close();
}
