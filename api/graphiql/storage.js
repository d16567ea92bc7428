// What the page keeps from one visit to the next.
//
// The tour is made anew at every load, with fresh operation ids and tokens that are still good; tabs
// that the developer wrote, or changed, stay. Everything else is GraphiQL's own.
import { headersFor } from './tour.js';

const TABS = 'graphiql:tabs';
// GraphiQL's own starting point, which the tabs replace.
const INITIAL = [TABS, 'graphiql:query', 'graphiql:variables', 'graphiql:headers'];

// The browser's storage, silent about the tabs of the last visit.
export const storage = {
  getItem: (key) => (INITIAL.includes(key) ? null : localStorage.getItem(key)),
  setItem: (key, value) => localStorage.setItem(key, value),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
  get length() {
    return localStorage.length;
  },
};

// The tour, and after it the developer's own tabs. A token is kept only if the developer chose so in
// GraphiQL's settings; in development it is filled in again.
export function tabsOfThisVisit(tour, settings) {
  const last = tabsOfLastVisit();
  const own = last.filter(({ query }) => query?.trim() && !tour.some((tab) => tab.query === query));
  const refreshed = own.map(({ query, variables, headers }) => ({
    query,
    variables: variables ?? '',
    headers: headers && !settings.development ? headers : headersFor(asks(query), settings),
  }));
  const withHeaders = tour.map((tab) => {
    const kept = settings.development ? null : last.find(({ query }) => query === tab.query);
    return kept?.headers ? { ...tab, headers: kept.headers } : tab;
  });
  return [...withHeaders, ...refreshed];
}

const asks = (query) => (/^\s*mutation\b/m.test(query) ? 'studio' : 'user');

function tabsOfLastVisit() {
  try {
    return JSON.parse(localStorage.getItem(TABS))?.tabs ?? [];
  } catch {
    return [];
  }
}
