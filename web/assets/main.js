// The page: a bar, a list of hits as they come, and the one that is chosen beside it.

import { showBar } from "./bar.js";
import { compare } from "./compare.js";
import { element } from "./element.js";
import { Hits, STEP } from "./hits.js";
import { netherlands } from "./map.js";
import { page } from "./questions.js";
import { Lost, Refused, headers, session } from "./session.js";
import { follow } from "./stream.js";
import { look, view } from "./view.js";
import { chosen, counted, say, speak, switchLanguage, translate } from "./words.js";

const BATCH = 100; // Milliseconds in which cards are gathered before the list is drawn.
const QUIET = 5000; // Between two announcements to a screen reader.

const [detail, filters, connection, news] = ["detail", "filters", "connection", "news"].map(at);
const hits = new Hits({
  list: at("hits"),
  more: at("more"),
  note: at("note"),
  hold: at("hold"),
  chosen: choose,
  older,
  missing: () => (session() ? "list.empty" : "list.closed"),
});

await speak(chosen());
translate();
const map = await netherlands();
let following = new AbortController();
let next = null; // The cursor of the next page of older hits.
let connected = { name: "waiting" };
let fromKeyboard = false;
const bar = await showBar(at("session"), start);

switchLanguage(document.querySelectorAll(".languages a"), () => {
  bar.show();
  tell();
  show();
});
addEventListener("hashchange", show);
at("hits").addEventListener("click", ({ detail: presses, target }) => {
  fromKeyboard = presses === 0;
  if (target.closest("a")?.hash === location.hash) show(); // The address will not change.
});
detail.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") toList();
});
filters.addEventListener("change", () => {
  look(Object.fromEntries(new FormData(filters)));
  hits.show();
});
filters.addEventListener("submit", (event) => event.preventDefault());
start(session());
show();

function at(id) {
  return document.getElementById(id);
}

/** Follows the stream under a session; without one there is nothing to see. */
function start(now) {
  following.abort();
  following = new AbortController();
  hits.clear();
  showDetail();
  if (!now) return tell("waiting");
  const gather = gatherer(following.signal);
  next = null;
  follow({
    headers: headers(now),
    begin,
    signal: following.signal,
    onHit: gather,
    onState: tell,
  });
}

/** Shows the newest page, and says after which revision the stream takes over. */
async function begin() {
  const cards = await turn(following.signal);
  return cards[0]?.revision ?? 0;
}

/** Turns the page for the reader; what went wrong, in words. */
async function older() {
  try {
    await turn(following.signal);
    return "";
  } catch (error) {
    if (!(error instanceof Lost || error instanceof Refused)) throw error;
    return [say("list.failed"), error.message].join(" ");
  }
}

/** Turns to the next page of older hits. */
async function turn(signal) {
  const found = await page(session(), { first: STEP, after: next, signal });
  next = found.next;
  hits.addOlder(found.cards, next !== null);
  showDetail();
  return found.cards;
}

/** Takes cards one by one and draws them in batches, so that a thousand cost one drawing. */
function gatherer(signal) {
  let cards = [];
  let timer = null;
  return (card) => {
    cards.push(card);
    timer ??= setTimeout(() => {
      const came = cards;
      [cards, timer] = [[], null];
      if (!signal.aborted) take(came);
    }, BATCH);
  };
}

function take(cards) {
  announce(hits.add(cards));
  if (cards.some(({ hit }) => hit === view().hit)) showDetail();
}

function choose(hit) {
  look({ hit });
  hits.mark(hit);
  showDetail();
}

function show() {
  const wanted = view();
  for (const name of ["grade", "time", "since"]) filters.elements[name].value = wanted[name];
  hits.show();
  showDetail();
  if (!wanted.hit) return;
  const stacked = !matchMedia("(min-width: 56rem)").matches;
  if (fromKeyboard || (stacked && document.activeElement.dataset.hit === wanted.hit)) {
    at("detail-name")?.focus();
  }
  fromKeyboard = false;
}

function showDetail() {
  const { hit } = view();
  const card = hit && hits.get(hit);
  const wasRead = document.activeElement === at("detail-name");
  detail.replaceChildren(...(card ? [back(), compare(card, map)] : nothing(hit)));
  if (wasRead) at("detail-name").focus();
}

/** The way back where the list stands above the comparison and not beside it. */
function back() {
  return element("button", { type: "button", class: "back", click: toList }, say("detail.back"));
}

function toList() {
  document.querySelector("#hits a[aria-current]")?.focus();
}

function nothing(hit) {
  return [
    element("h2", { id: "detail-name", class: "hidden", tabindex: "-1" }, say("detail.title")),
    element("p", { class: "nothing soft" }, say(hit ? "detail.absent" : "detail.none")),
  ];
}

function tell(name = connected.name, message = connected.message) {
  if (name === "expired") return bar.end(say("connection.expired"));
  connected = { name, message };
  connection.dataset.state = name;
  const more = message ? [" ", element("span", { lang: "en" }, message)] : [];
  connection.replaceChildren(element("span", {}, say(`connection.${name}`), more));
}

let unread = 0;
let reading = null;

/** Reads out how many hits came, now and then, and never one by one. */
function announce(count) {
  if (!count) return;
  unread += count;
  reading ??= setTimeout(() => {
    news.textContent = counted("list.news", unread);
    [unread, reading] = [0, null];
  }, QUIET);
}
