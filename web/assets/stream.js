// Hits as they come: server-sent events read with fetch, because an EventSource sends no headers.

import { card, watch } from "./questions.js";
import { Lost, Refused, refusal } from "./session.js";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
const SILENCES = 4; // A server that sent signs of life is given up after so many left out.

/**
 * Follows the hits until `signal` aborts, and takes up again where it broke.
 *
 * `begin` looks up the revision to begin after. `onHit` receives each card. `onState` receives
 * "connecting", "live", "reconnecting", "unavailable" or, when trying again is no use, "expired",
 * "forbidden" or "refused".
 */
export async function follow({ headers, begin, signal, onHit, onState }) {
  const position = { after: null, failures: 0 };
  while (!signal.aborted) {
    if (position.after === null) onState("connecting");
    const state = await attempt({ headers, begin, position, signal, onHit, onState });
    if (signal.aborted) return;
    onState(state.name, state.message);
    if (state.final) return;
    await pause(position.failures++, signal);
  }
}

async function attempt({ headers, begin, position, signal, onHit, onState }) {
  let opened = Infinity;
  try {
    position.after ??= await begin();
    const response = await watch(headers, position.after, signal);
    if (!response.ok) throw await refusal(response);
    onState("live");
    // One that opens and ends at once, again and again, is not helped by asking faster.
    opened = performance.now();
    for await (const { event, id, data } of events(watched(response.body))) {
      // One that tells only why the stream ends is passed over: opening the next one tells it too.
      const told = event === "next" && JSON.parse(data).data?.hits;
      if (told) onHit(card(told));
      if (id) position.after = id;
    }
  } catch (error) {
    if (error instanceof Refused) return stateOf(error);
    if (!(error instanceof Lost)) throw error;
  }
  if (performance.now() - opened > LONGEST_PAUSE) position.failures = 0;
  return { name: "reconnecting" };
}

function stateOf({ status, message }) {
  if (status === 401) return { name: "expired", message, final: true };
  if (status === 403) return { name: "forbidden", message, final: true };
  if (status >= 500 || status === 429) return { name: "unavailable", message };
  return { name: "refused", message: message || `HTTP ${status}`, final: true };
}

function pause(failures, signal) {
  const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures);
  return new Promise((resume) => {
    const timer = setTimeout(done, longest * (0.5 + Math.random() / 2));
    addEventListener("online", done);
    signal.addEventListener("abort", done);
    function done() {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resume();
    }
  });
}

/** The chunks of a body; it breaks off when the signs of life that it sent so far stop coming. */
async function* watched(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const read = () => reader.read().catch(({ message }) => Promise.reject(new Lost(message)));
  let interval = 0;
  let sign = null;
  try {
    for (;;) {
      const { done, value } = await within(read(), interval * SILENCES);
      if (done) return;
      if (value.startsWith(":")) {
        const now = performance.now();
        if (sign !== null) interval = Math.max(interval, now - sign);
        sign = now;
      }
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {}); // The signal may have cancelled it already.
  }
}

function within(promise, limit) {
  if (limit < 1000) return promise;
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Lost("silent")), limit);
  });
  return Promise.race([promise, silence]).finally(() => clearTimeout(timer));
}

/** The events in a text that comes in pieces, as the HTML standard reads them. */
export async function* events(pieces) {
  let rest = "";
  let event = fresh();
  for await (const piece of pieces) {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (event.data.length) yield { ...event, data: event.data.join("\n") };
        event = fresh();
      } else {
        take(event, line);
      }
    }
  }
}

function fresh() {
  return { event: "message", id: "", data: [] };
}

function take(event, line) {
  const colon = line.indexOf(":");
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "data") event.data.push(value);
  else if (name === "event" || name === "id") event[name] = value;
}
