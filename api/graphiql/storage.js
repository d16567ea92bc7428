// What the page keeps from one visit to the next.
//
// The tour is made anew at every load, with fresh operation ids and tokens that are still good; tabs
// that the developer wrote, or changed, stay. Tokens are not kept, unless the developer chooses so in
// GraphiQL's settings. Everything else is GraphiQL's own.
import { headersFor } from './tour.js';

const TABS = 'graphiql:tabState';
// GraphiQL's own starting point, which the tabs replace.
const INITIAL = [TABS, 'graphiql:query', 'graphiql:variables', 'graphiql:headers'];
// Each holds one list of requests under its own name.
const HISTORY = ['graphiql:queries', 'graphiql:favorites'];

const keepsHeaders = () => localStorage.getItem('graphiql:shouldPersistHeaders') === 'true';

// The browser's storage, silent about the tabs of the last visit, and with a history that GraphiQL
// would write down with its tokens.
export function storageFor(settings) {
  return {
    getItem(key) {
      if (INITIAL.includes(key)) return null;
      const value = localStorage.getItem(key);
      return value && HISTORY.includes(key) ? withTokens(value, settings) : value;
    },
    setItem(key, value) {
      const kept = HISTORY.includes(key) && !keepsHeaders() ? withoutHeaders(value) : value;
      localStorage.setItem(key, kept);
    },
    removeItem: (key) => localStorage.removeItem(key),
    clear: () => localStorage.clear(),
    get length() {
      return localStorage.length;
    },
  };
}

const withoutHeaders = (history) =>
  JSON.stringify(JSON.parse(history), (key, value) => (key === 'headers' ? undefined : value));

function withTokens(history, settings) {
  const lists = Object.entries(JSON.parse(history)).map(([name, requests]) => [
    name,
    requests.map((request) => ({ ...request, headers: headersOf(request, settings) })),
  ]);
  return JSON.stringify(Object.fromEntries(lists));
}

// The tour, and after it the developer's own tabs.
export function tabsOfThisVisit(tour, settings) {
  const last = tabsOfLastVisit();
  const own = last.filter(({ query }) => query?.trim() && !tour.some((tab) => tab.query === query));
  const fresh = tour.map((tab) => {
    const headers = last.find(({ query }) => query === tab.query)?.headers;
    return headers && !settings.development ? { ...tab, headers } : tab;
  });
  const kept = own.map(({ query, variables, headers }) => ({
    query,
    variables: variables ?? '',
    headers: headersOf({ query, headers }, settings),
  }));
  return [...fresh, ...kept];
}

// The headers that were kept with a request; in development a token that is good now.
function headersOf({ query, headers }, settings) {
  if (headers && !settings.development) return headers;
  return headersFor(/^\s*mutation\b/m.test(query) ? 'studio' : 'user', settings);
}

function tabsOfLastVisit() {
  try {
    return JSON.parse(localStorage.getItem(TABS))?.tabs ?? [];
  } catch {
    return [];
  }
}
