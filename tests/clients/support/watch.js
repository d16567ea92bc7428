// What suites watch: conditions that come true, and requests that go out.
//
// Owns the only bound on a wait in the suites: a number of looks, not a time, so that a slow machine
// makes a suite slow and never makes it fail.

/** The pause between two looks. */
const LOOK_EVERY_MS = 20;
/** After this many looks the condition will never hold. */
const LOOKS_MAX = 15_000;

/** Looks until `isSo` gives a truthy value, and returns it. Throws after `LOOKS_MAX` looks. */
export async function until(isSo) {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const so = await isSo();
    if (so) return so;
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
  }
  throw new Error(`not so after ${LOOKS_MAX} looks: ${isSo}`);
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
