// What suites watch: conditions that come true, and requests that go out.

const LOOK_EVERY_MS = 5;
const WITHIN_MS = 20_000;

/** Waits until it is so; what it then gives. */
export async function until(isSo, withinMs = WITHIN_MS) {
  const end = Date.now() + withinMs;
  for (;;) {
    const so = await isSo();
    if (so) return so;
    if (Date.now() > end) throw new Error(`not so within ${withinMs} ms: ${isSo}`);
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
  }
}

/** The bodies of all requests that go out from now on, as JSON; the caller may empty it. */
export function recordFetches() {
  const bodies = [];
  const send = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    if (init?.body) bodies.push(JSON.parse(init.body));
    return send(input, init);
  };
  return bodies;
}

/** Subscribes by `subscribe(sink)`, which gives the way to stop: what came so far, and how it ended. */
export function collect(subscribe) {
  const collected = { seen: [], error: undefined, complete: false, stop: undefined };
  collected.stop = subscribe({
    next: (result) => collected.seen.push(result),
    error: (error) => (collected.error = error),
    complete: () => (collected.complete = true),
  });
  return collected;
}
