// How the page talks to the service: queries and mutations by POST, subscriptions by WebSocket, both
// at /graphql beside the page.
import { Kind, parse } from 'graphql';
import { createClient } from 'graphql-ws';

const endpoint = new URL('graphql', document.baseURI);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';

// A client whose socket opens with the first subscription and closes with the last.
export function socketClient(authorization, options = {}) {
  return createClient({
    url: socket.href,
    lazy: true,
    connectionParams: authorization ? { authorization } : {},
    ...options,
  });
}

const clients = new Map();

// The client of this token: a socket carries one token for its whole life.
function clientOf(authorization) {
  if (!clients.has(authorization)) clients.set(authorization, socketClient(authorization));
  return clients.get(authorization);
}

async function post(request, headers) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json;q=0.9',
      ...headers,
    },
    body: JSON.stringify(request),
  });
  return response.json();
}

// The operation that is asked for. GraphiQL reads the document with a delay, so that right after a
// change of tab the name is the old tab's: a document's only operation is meant whatever the name.
function operationOf({ query, operationName }) {
  let operations;
  try {
    operations = parse(query).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  } catch {
    return null; // The service says what is wrong with the text.
  }
  if (operations.length === 1) return operations[0];
  return operations.find(({ name }) => name?.value === operationName) ?? null;
}

// What GraphiQL calls: a promise of an answer, or the answers of a subscription one by one.
export function fetcher(request, { headers = {} } = {}) {
  const operation = operationOf(request);
  if (operation) request = { ...request, operationName: operation.name?.value };
  if (operation?.operation !== 'subscription') return post(request, headers);
  const name = Object.keys(headers).find((name) => name.toLowerCase() === 'authorization');
  return closeReasons(clientOf(headers[name]).iterate(request));
}

// A socket that closes for good says why in words.
async function* closeReasons(answers) {
  try {
    yield* answers;
  } catch (error) {
    if (!(error instanceof CloseEvent)) throw error;
    throw new Error(`The socket was closed: ${error.code} ${error.reason}`.trim());
  }
}
