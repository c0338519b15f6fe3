// The page on which one searches: a box that completes, results with their marks, and what narrows.

import { showBar } from "./bar.js";
import { complete } from "./box.js";
import { element } from "./element.js";
import { find, typed } from "./finding.js";
import { Lost, Refused, session } from "./session.js";
import { span } from "./times.js";
import { chosen, counted, money, number, say, speak, switchLanguage, term, translate } from "./words.js";

const PAGE = 20;
const FACETS = ["kind", "brand", "colour", "mode", "status", "municipality", "source"];
const CALLED = { kind: "kind", mode: "mode", status: "status" };

const [asking, words, said, found, facets, more] = [
  "asking", "words", "said", "found", "facets", "more",
].map((id) => document.getElementById(id));
let asked = null; // The question whose answer stands on the page.
let narrowed = {}; // The values that are chosen, by facet.
let next = null; // The cursor of the next page.
let answer = { total: 0, exact: true, facets: [], nodes: [] };
let running = new AbortController();

await speak(chosen());
translate();
const bar = await showBar(document.getElementById("session"), clear);
switchLanguage(document.querySelectorAll(".languages a"), () => {
  bar.show();
  if (asked) show();
});
complete({
  input: words,
  list: document.getElementById("typed"),
  ask: (text, signal) => typed(session(), asking.elements.subject.value, text, signal),
  taken: () => ask({}),
});
asking.addEventListener("submit", (event) => {
  event.preventDefault();
  ask({});
});
asking.elements.order.addEventListener("change", () => asked && ask(narrowed));
asking.elements.subject.addEventListener("change", () => asked && ask({}));
more.addEventListener("click", () => turn(next));

function clear() {
  running.abort();
  asked = null;
  found.replaceChildren();
  facets.replaceChildren();
  more.hidden = true;
  tell(session() ? "" : say("search.closed"));
}

/** Asks anew, narrowed to these values. */
async function ask(values) {
  narrowed = values;
  asked = {
    subject: asking.elements.subject.value,
    words: words.value.trim(),
    order: asking.elements.order.value,
    narrowed,
  };
  await turn(null);
}

/** Turns to a page: the first, or the one behind a cursor. */
async function turn(after) {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  if (!session()) return tell(say("search.closed"));
  tell(say("search.busy"));
  try {
    const page = await find(session(), { ...asked, first: PAGE, after, signal });
    if (signal.aborted) return;
    const before = after ? answer.nodes : [];
    answer = { ...page, nodes: [...before, ...page.nodes] };
    next = page.next;
    show();
    if (after) found.children[before.length]?.focus();
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Lost || error instanceof Refused)) throw error;
    tell([say("search.failed"), error.message].join(" "), "en");
  }
}

function tell(text, lang) {
  said.replaceChildren(element("span", lang ? { class: "problem", lang } : {}, text));
}

function show() {
  const { total, exact, nodes } = answer;
  if (total) tell(counted(exact ? "search.found" : "search.over", total));
  else tell(say(asked.words ? "search.nothing" : "search.none"));
  found.replaceChildren(...nodes.map(asked.subject === "stolen" ? reported : bought));
  facets.replaceChildren(...FACETS.map(facet).filter(Boolean));
  more.hidden = next === null;
}

function bought({ good, purchase, highlights }) {
  const facts = [
    good.price && money(good.price),
    span(purchase.acquired),
    term("mode", purchase.mode),
    purchase.registerNumber && say("search.number", { number: purchase.registerNumber }),
    purchase.source,
  ];
  return result(good, highlights, facts);
}

function reported({ item, highlights }) {
  const facts = [
    span(item.stolen),
    item.municipality?.name,
    term("status", item.status),
    item.report && say("search.report", { number: item.report }),
    item.source,
  ];
  return result(item.good, highlights, facts);
}

function result(good, highlights, facts) {
  const text = (field) => good[field] && marked(good[field], highlights.filter((h) => h.field === field));
  const numbers = good.identifiers.filter(({ value }) => value);
  return element("li", { tabindex: "-1" }, [
    element("h3", {}, [term("kind", good.kind), " ", text("brand"), " ", text("model")]),
    good.description && element("p", {}, text("description")),
    numbers.length > 0 && element("p", {}, numbers.map(({ type, value }) => [
      element("span", { class: "soft" }, term("identifier", type)), " ", element("code", {}, value), " ",
    ])),
    element("p", { class: "soft" }, facts.filter(Boolean).join(" · ")),
  ]);
}

/** A text with its marks; places are told by characters, which are not units of UTF-16. */
function marked(text, places) {
  const characters = [...text];
  const parts = [];
  let at = 0;
  for (const { start, end } of places) {
    parts.push(characters.slice(at, start).join(""));
    parts.push(element("mark", {}, characters.slice(start, end).join("")));
    at = end;
  }
  return [...parts, characters.slice(at).join("")];
}

function facet(field) {
  const values = answer.facets.find((one) => one.field === field)?.values ?? [];
  const chosenOnes = narrowed[field] ?? [];
  const shown = values.slice(0, 10);
  if (shown.length === 0) return null;
  return element("fieldset", {}, [
    element("legend", {}, say(`search.by.${field}`)),
    shown.map(({ value, name, count }) => element(
      "button",
      {
        type: "button",
        "aria-pressed": String(chosenOnes.includes(value)),
        class: chosenOnes.includes(value) ? "held" : null,
        click: () => ask(toggled(field, value)),
      },
      [name ?? term(CALLED[field], value), " ", element("small", {}, number(count))],
    )),
  ]);
}

function toggled(field, value) {
  const now = narrowed[field] ?? [];
  const wanted = now.includes(value) ? now.filter((one) => one !== value) : [...now, value];
  const { [field]: _, ...rest } = narrowed;
  return wanted.length > 0 ? { ...rest, [field]: wanted } : rest;
}
