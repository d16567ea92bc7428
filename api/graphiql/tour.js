// The first tabs: a tour through the API.
//
// The documents and their variables are in `tour/`, where the tests of the service read them too.
import index from './tour/tour.json';
import { operationId } from './ids.js';

const documents = import.meta.glob('./tour/*.graphql', {
  query: '?raw',
  import: 'default',
  eager: true,
});

export const document = (file) => documents[`./tour/${file}`];

// Tabs as GraphiQL takes them. In `settings` are the account and, in development, the tokens.
export function tourTabs(settings) {
  const ids = new Map();
  return index.map(({ file, token, variables }) => ({
    query: document(file),
    variables: variables ? JSON.stringify(filled(variables, settings, ids), null, 2) : '',
    headers: headersFor(token, settings),
  }));
}

// The request headers of a tab that asks as `token`: `user`, `studio` or `none`.
export function headersFor(token, settings) {
  if (token === 'none') return '';
  if (settings[token]) {
    return JSON.stringify({ authorization: `Bearer ${settings[token]}` }, null, 2);
  }
  const whose = token === 'user' ? 'a token of the user, with credits:read' : "the studio's token, with credits:spend";
  return `{\n  // Put in ${whose}:\n  // "authorization": "Bearer …"\n}`;
}

// Replaces `{account}`, `{id:NAME}` by a new id, the same for the same name, and `{day:-90}` by the day in UTC
// that was 90 days ago.
function filled(variables, settings, ids) {
  const text = JSON.stringify(variables)
    .replaceAll('{account}', settings.account)
    .replace(/\{day:(-?\d+)\}/g, (_, days) => day(Number(days)))
    .replace(/\{id:(\w+)\}/g, (_, name) => {
      if (!ids.has(name)) ids.set(name, operationId());
      return ids.get(name);
    });
  return JSON.parse(text);
}

function day(fromToday) {
  const at = new Date();
  at.setUTCDate(at.getUTCDate() + fromToday);
  return at.toISOString().slice(0, 10);
}
