// The list of hits, newest first. It holds so many, shows fewer, and can be held still.

import { element } from "./element.js";
import { ago, gap } from "./times.js";
import { address, passes, view } from "./view.js";
import { counted, language, say, term } from "./words.js";

const KEPT = 2000;
const STEP = 50;
const KEYS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, Home: -Infinity, End: Infinity };

export class Hits {
  constructor({ list, more, empty, hold, chosen, missing }) {
    Object.assign(this, { list, more, empty, hold, chosen, missing });
    this.cards = new Map();
    this.waiting = new Map(); // What came while the list is held.
    this.items = new Map();
    this.held = false;
    this.shown = STEP;
    list.addEventListener("keydown", (event) => this.move(event));
    more.addEventListener("click", () => this.showMore());
    hold.addEventListener("click", () => this.toggle());
  }

  /** Takes in cards, in the order in which they came; returns how many were not known before. */
  add(cards) {
    const target = this.held ? this.waiting : this.cards;
    const fresh = cards.filter(({ hit }) => !this.cards.has(hit) && !this.waiting.has(hit)).length;
    for (const card of cards) {
      target.delete(card.hit); // So that the order of the map is the order of revisions.
      target.set(card.hit, card);
    }
    if (this.held) this.showHold();
    else this.show();
    return fresh;
  }

  clear() {
    this.cards.clear();
    this.waiting.clear();
    this.shown = STEP;
    this.show();
  }

  get(hit) {
    return this.waiting.get(hit) ?? this.cards.get(hit);
  }

  show() {
    this.bound();
    const wanted = view();
    const found = [...this.cards.values()].reverse().filter((card) => passes(card, wanted));
    const shown = found.slice(0, this.shown);
    this.place(shown.map((card) => this.item(card, wanted)));
    this.mark(wanted.hit);
    this.more.hidden = found.length <= shown.length;
    this.more.textContent = counted("list.more", found.length - shown.length);
    this.empty.hidden = found.length > 0;
    this.empty.textContent = say(this.cards.size ? "list.filtered" : this.missing());
    this.showHold();
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

  bound() {
    for (const hit of this.cards.keys()) {
      if (this.cards.size <= KEPT) return;
      this.cards.delete(hit);
    }
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

  showMore() {
    const last = this.list.lastElementChild;
    this.shown += STEP;
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
      element("span", {}, stolen.withheld ? say("withheld.short") : gap(purchase.acquired, stolen.stolen)),
      element("span", {}, say("list.found", { time: ago(card.found_at) })),
    ),
  );
}

export function name({ brand, model, kind }) {
  return [brand, model].filter(Boolean).join(" ") || term("kind", kind);
}

export function grade(card) {
  return element("span", { class: `grade ${card.grade}` }, term("grade", card.grade));
}

export function state(card) {
  if (card.state === "found") return null;
  return element("span", { class: `state ${card.state}` }, term("state", card.state));
}

function way(purchase, stolen) {
  const from = stolen.withheld ? null : stolen.municipality?.name;
  const to = purchase.municipality?.name ?? say("place.unknown");
  const kind = term("kind", purchase.kind);
  const route = from === to ? to : [from, to].filter(Boolean).join(" → ");
  return `${kind} · ${route}`;
}
