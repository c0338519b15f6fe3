// The list of hits, newest first. It holds so many, shows fewer, and can be held still.

import { element } from "./element.js";
import { ago, gap } from "./times.js";
import { address, passes, view } from "./view.js";
import { language, number, say, term } from "./words.js";

const KEPT = 2000;
export const STEP = 50;
const KEYS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, Home: -Infinity, End: Infinity };

export class Hits {
  constructor({ list, more, note, hold, chosen, older, missing }) {
    Object.assign(this, { list, more, note, hold, chosen, older, missing });
    this.cards = new Map();
    this.waiting = new Map(); // What came while the list is held.
    this.items = new Map();
    this.held = false;
    this.hasMore = false;
    this.failure = "";
    this.shown = STEP;
    list.addEventListener("keydown", (event) => this.move(event));
    more.addEventListener("click", () => this.showMore());
    hold.addEventListener("click", () => this.toggle());
  }

  /** Takes in cards; returns how many were not known before. */
  add(cards) {
    const target = this.held ? this.waiting : this.cards;
    const fresh = cards.filter(({ hit }) => !this.get(hit)).length;
    for (const card of cards) keepLatest(target, card);
    if (this.held) this.showHold();
    else this.show();
    return fresh;
  }

  /** Takes in a page of older cards, and whether there are more behind it. */
  addOlder(cards, hasMore) {
    for (const card of cards) keepLatest(this.cards, card);
    this.hasMore = hasMore;
    this.show();
  }

  clear() {
    this.cards.clear();
    this.waiting.clear();
    this.shown = STEP;
    this.hasMore = false;
    this.show();
  }

  get(hit) {
    return this.waiting.get(hit) ?? this.cards.get(hit);
  }

  show() {
    this.bound();
    const wanted = view();
    const found = [...this.cards.values()].filter((card) => passes(card, wanted));
    found.sort((one, other) => other.revision - one.revision);
    const shown = found.slice(0, this.shown);
    this.place(shown.map((card) => this.item(card, wanted)));
    this.mark(wanted.hit);
    this.more.hidden = found.length <= shown.length && !this.hasMore;
    this.note.textContent = this.noted(found.length);
    this.note.hidden = !this.note.textContent;
    this.showHold();
  }

  noted(found) {
    if (this.failure) return this.failure;
    if (this.full) return say("list.full", { count: number(KEPT) });
    if (found) return "";
    return say(this.cards.size ? "list.filtered" : this.missing());
  }

  /** Says which hit is looked at. One link is reached by Tab, the others by the arrows. */
  mark(hit) {
    const links = [...this.list.querySelectorAll("a")];
    const current = links.find((link) => link.dataset.hit === hit);
    const reached = current ?? links.find((link) => link === document.activeElement) ?? links[0];
    for (const link of links) {
      link.tabIndex = link === reached ? 0 : -1;
      if (link === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  /** Lets the oldest go where there are too many, and with them the way to older ones. */
  bound() {
    this.full = this.cards.size >= KEPT;
    if (!this.full) return;
    this.hasMore = false;
    const newest = [...this.cards.values()].sort((one, other) => other.revision - one.revision);
    this.cards = new Map(newest.slice(0, KEPT).map((card) => [card.hit, card]));
  }

  /** Puts the items in order and leaves those in place that are, so that focus and scroll stay. */
  place(items) {
    const focused = document.activeElement?.dataset?.hit;
    const kept = new Set(items);
    for (const node of [...this.list.children]) if (!kept.has(node)) node.remove();
    let next = this.list.firstElementChild;
    for (const item of items) {
      if (item === next) next = next.nextElementSibling;
      else this.list.insertBefore(item, next);
    }
    this.items = new Map([...this.items].filter(([, { node }]) => kept.has(node)));
    if (focused && document.activeElement?.dataset?.hit !== focused) {
      this.items.get(focused)?.node.querySelector("a").focus({ preventScroll: true });
    }
  }

  item(card, wanted) {
    const state = `${card.revision} ${language()}`;
    const known = this.items.get(card.hit);
    const node = known?.state === state ? known.node : element("li", {}, link(card));
    node.querySelector("a").hash = address({ ...wanted, hit: card.hit });
    this.items.set(card.hit, { state, node });
    return node;
  }

  move(event) {
    const step = KEYS[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const links = [...this.list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const to = links[Math.max(0, Math.min(links.length - 1, at + step))];
    event.preventDefault();
    if (to && to !== links[at]) this.chosen(to.dataset.hit);
    to?.focus();
  }

  async showMore() {
    const last = this.list.lastElementChild;
    this.shown += STEP;
    this.failure = this.hasMore ? await this.older() : "";
    this.show();
    last?.nextElementSibling?.querySelector("a").focus();
  }

  toggle() {
    this.held = !this.held;
    const came = [...this.waiting.values()];
    this.waiting.clear();
    this.add(this.held ? [] : came);
  }

  showHold() {
    const name = this.held ? "list.resume" : "list.hold";
    this.hold.textContent = say(name) + (this.waiting.size ? ` (${this.waiting.size})` : "");
    this.hold.classList.toggle("held", this.held);
  }
}

function keepLatest(cards, card) {
  if (card.revision >= (cards.get(card.hit)?.revision ?? 0)) cards.set(card.hit, card);
}

function link(card) {
  const { purchase, stolen } = card;
  return element(
    "a",
    { "data-hit": card.hit, href: "#" },
    element("span", { class: "row" }, element("strong", {}, name(purchase)), grade(card)),
    element("span", { class: "row" }, element("span", {}, way(purchase, stolen)), state(card)),
    element(
      "span",
      { class: "row soft" },
      element(
        "span",
        {},
        stolen.withheld ? say("withheld.short") : gap(purchase.acquired, stolen.stolen),
      ),
      element("span", {}, say("list.found", { time: ago(card.found_at) })),
    ),
  );
}

/** What a good is called; a correction can take all of it away. */
export function name({ brand, model, kind }) {
  return [brand, model].filter(Boolean).join(" ") || term("kind", kind) || say("list.gone");
}

/** The grade as a badge. It is not told of a hit whose report is withheld. */
export function grade(card) {
  const told = card.grade ?? "untold";
  return element("span", { class: `grade ${told}` }, term("grade", told));
}

export function state(card) {
  if (card.state === "found") return null;
  return element("span", { class: `state ${card.state}` }, term("state", card.state));
}

function way(purchase, stolen) {
  const from = stolen.withheld ? null : stolen.municipality?.name;
  const to = purchase.municipality?.name ?? say("place.unknown");
  const route = from === to ? to : [from, to].filter(Boolean).join(" → ");
  return [term("kind", purchase.kind), route].filter(Boolean).join(" · ");
}
