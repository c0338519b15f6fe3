// One hit: both goods side by side, what agrees, what speaks against it, and where it was.

import { difference } from "./difference.js";
import { element } from "./element.js";
import { grade, name, state } from "./hits.js";
import { WITHHELD, apart } from "./map.js";
import { gap, gapSentence, moment, span } from "./times.js";
import { counted, money, say, term } from "./words.js";

const SIGNIFICANT = { imei: 14 }; // The check digit and what follows name no other device.
const LISTED = 3; // Characters that differ and are named one by one.
const PAIRABLE = 0.7; // Numbers of two types that are this alike are shown beside each other.

/** Everything about a hit. `map` draws the Netherlands. */
export function compare(card, map) {
  const { purchase } = card;
  const stolen = card.stolen.withheld ? null : card.stolen;
  return element(
    "div",
    { class: "pair" },
    heading(card),
    !stolen && withheld(card.stolen.withheld),
    element("div", { class: "goods" }, goods(card, purchase, stolen)),
    element("div", { class: "grounds" }, grounds(card), marks(purchase.marks)),
    element("div", { class: "where" }, where(map, purchase, stolen)),
  );
}

function heading(card) {
  const found = say("detail.found", { time: moment(card.found_at) });
  return element(
    "header",
    { class: "heading" },
    element("h2", { id: "detail-name", tabindex: "-1" }, name(card.purchase)),
    element(
      "p",
      { class: "tags" },
      grade(card),
      state(card),
      why(card),
      element("span", { class: "soft" }, found),
    ),
    element(
      "p",
      { class: "verdict" },
      say(`means.${card.grade ?? "untold"}`),
      " ",
      element("strong", {}, say("means.lead")),
    ),
  );
}

function why({ why: code }) {
  return code && element("span", {}, term("why", code));
}

function withheld({ reason, contact }) {
  const words = say("withheld.notice", { reason: term("withheld", reason) });
  return element(
    "p",
    { class: "notice" },
    words,
    " ",
    contact && say("withheld.contact", { contact }),
  );
}

function goods(card, purchase, stolen) {
  const heads = [
    element("th", { scope: "col", role: "columnheader" }, hidden(say("row.what"))),
    element("th", { scope: "col", role: "columnheader" }, place("shop"), say("row.purchase")),
    element("th", { scope: "col", role: "columnheader" }, place("theft"), say("row.stolen")),
    element("th", { scope: "col", role: "columnheader" }, say("row.compared")),
  ];
  return [
    element(
      "table",
      { class: "comparison", role: "table" },
      element("caption", { class: "hidden" }, say("detail.caption")),
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, heads)),
      element("tbody", { role: "rowgroup" }, rows(card, purchase, stolen)),
    ),
    stolen && legend(),
  ];
}

/** What is withheld is said to be, and not that it is unknown. */
function rows(card, purchase, stolen) {
  const codes = [...card.reasons, ...card.against].map(({ code }) => code);
  const shown = (tell) => (stolen ? tell(stolen) : WITHHELD);
  const numbered = (purchase.identifiers ?? []).map((number) => [number, WITHHELD]);
  return [
    described(
      "kind",
      term("kind", purchase.kind),
      shown(({ kind }) => term("kind", kind)),
      codes,
    ),
    described(
      "brand",
      purchase.brand,
      shown(({ brand }) => brand),
      codes,
    ),
    described(
      "model",
      purchase.model,
      shown(({ model }) => model),
      codes,
    ),
    ...(stolen ? pairs(purchase.identifiers ?? [], stolen.identifiers) : numbered).map(numbers),
    row(
      say("row.when"),
      span(purchase.acquired),
      shown((theft) => span(theft.stolen)),
      stolen && gap(purchase.acquired, stolen.stolen),
    ),
    row(
      say("row.where"),
      purchase.municipality?.name,
      shown((theft) => theft.municipality?.name),
      stolen && apart(purchase.municipality, stolen.municipality),
    ),
    row(say("row.how"), bought(purchase), shown(told)),
    row(say("row.entry"), entry(purchase), shown(report)),
  ];
}

/** A row of kind, brand or model, compared as the rules of matching did. */
function described(what, left, right, codes) {
  const name = say(`row.${what}`);
  if (right === WITHHELD) return row(name, left, right);
  if (!left || !right) return row(name, left, right, say("said.missing"));
  const code = codes.find((one) => one.startsWith(`${what}_`));
  if (code && !code.endsWith("_agrees")) {
    return row(name, ...marked(difference(left, right)), verdict(code.slice(what.length + 1)));
  }
  return row(name, left, right, verdict(code || left === right ? "agrees" : "fits"));
}

function numbers([left, right]) {
  if (right === WITHHELD) return row(term("identifier", left.type), number(left), right);
  const types = [...new Set([left?.type, right?.type].filter(Boolean))];
  const what = types.map((type) => term("identifier", type)).join(" / ");
  if (!left?.value || !right?.value) {
    return row(what, left && number(left), right && number(right), say("said.missing"));
  }
  const found = compared(left, right);
  const cells = marked(found).map((nodes) => element("code", {}, nodes));
  return row(what, ...cells, differs(found));
}

/** A number as it was written; one that was sealed can have been erased. */
function number({ value }) {
  return value == null ? say("said.erased") : element("code", {}, value);
}

function compared(left, right) {
  const significant = left.type === right.type ? SIGNIFICANT[left.type] : undefined;
  return difference(left.value ?? "", right.value ?? "", significant);
}

/** Numbers beside the ones that they were probably written for: same type first, then likeness. */
function pairs(left, right) {
  const options = left.flatMap((a) =>
    right.map((b) => ({ a, b, type: a.type === b.type, share: compared(a, b).share })),
  );
  options.sort((x, y) => y.share + y.type - x.share - x.type);
  const found = [];
  const used = new Set();
  for (const { a, b, type, share } of options) {
    if (used.has(a) || used.has(b) || !(type || share >= PAIRABLE)) continue;
    used.add(a).add(b);
    found.push([a, b]);
  }
  const alone = (one) => !used.has(one);
  return [
    ...found,
    ...left.filter(alone).map((a) => [a, null]),
    ...right.filter(alone).map((b) => [null, b]),
  ];
}

function marked({ left, right, alike }) {
  return [left, right].map((runs) =>
    runs.map(({ text, mark }) => {
      if (mark === "written") return element("span", { class: "spelling" }, text);
      if (!mark || !alike) return text;
      return element("mark", {}, hidden(say("said.differs_here")), text, hidden(say("said.until")));
    }),
  );
}

function differs({ changes, same, alike }) {
  if (same) return verdict("same");
  if (!changes.length) return verdict("written");
  if (!alike) return verdict("other");
  const named = changes
    .slice(0, LISTED)
    .map(({ left, right, at, to }) =>
      say(left && right ? "said.change" : "said.extra", {
        left,
        right,
        char: left ?? right,
        at: at ?? to,
      }),
    );
  const more = changes.length > LISTED ? ["…"] : [];
  return [
    verdict("changed", counted("said.characters", changes.length)),
    " ",
    [...named, ...more].join(", "),
  ];
}

function verdict(said, words = say(`said.${said}`)) {
  return element("span", { class: `said ${said}` }, words);
}

function row(what, left, right, comparison) {
  return element(
    "tr",
    { role: "row" },
    element("th", { scope: "row", role: "rowheader" }, what),
    cell(left),
    cell(right),
    element("td", { role: "cell", class: "compared" }, comparison || ""),
  );
}

function cell(content) {
  if (content === WITHHELD) {
    return element("td", { role: "cell", class: "none" }, say("withheld.cell"));
  }
  if (content != null && content !== "") return element("td", { role: "cell" }, content);
  const dash = element("span", { "aria-hidden": "true" }, "–");
  return element("td", { role: "cell", class: "none" }, dash, hidden(say("said.nothing")));
}

function bought({ mode, price: paid, dealer, establishment }) {
  const how = [term("mode", mode), paid && money(paid)].filter(Boolean).join(", ");
  return [how, element("br"), shop(dealer, establishment)];
}

/** The shop by its own name, and the dealer's before it unless that is part of it. */
function shop(dealer, establishment) {
  const [owner, branch] = [dealer, establishment].map((one) => one?.name ?? one?.key ?? one ?? "");
  return branch.startsWith(owner) ? branch : [owner, branch].filter(Boolean).join(", ");
}

function told({ status, reported }) {
  const when = reported && say("row.reported", { time: moment(reported.from, reported.precision) });
  return [term("status", status), when && element("br"), when];
}

function entry({ source, key, line, register_number }) {
  const place = register_number == null ? null : say("row.register", { number: register_number });
  return [place, place && element("br"), origin(source, key, line)];
}

function report({ source, key, report }) {
  return [report && say("row.report", { report }), report && element("br"), origin(source, key)];
}

function origin(source, key, line) {
  const place = line == null ? "" : say("row.line", { line });
  return element("span", { class: "origin" }, `${source} · ${key}${place}`);
}

function legend() {
  return element(
    "p",
    { class: "legend soft" },
    element("mark", {}, "A"),
    " ",
    say("detail.differs"),
    "  ",
    element("span", { class: "spelling" }, "-"),
    " ",
    say("detail.written"),
  );
}

function where(map, purchase, stolen) {
  const theft = stolen ? stolen.municipality : WITHHELD;
  const words = map.show(purchase.municipality, theft);
  return [
    element("h3", {}, say("detail.where")),
    stolen && element("p", { class: "gap" }, gapSentence(purchase.acquired, stolen.stolen)),
    element(
      "figure",
      {},
      map.svg,
      element("figcaption", {}, words, element("small", {}, say("map.source"))),
    ),
  ];
}

function grounds(card) {
  return [
    list(
      "detail.reasons",
      card.reasons,
      card.grade ? "detail.no_reasons" : "withheld.short",
      "for",
    ),
    list(
      "detail.against",
      card.against,
      card.grade ? "detail.no_against" : "withheld.short",
      "against",
    ),
  ];
}

function list(title, reasons, none, kind) {
  return element(
    "section",
    {},
    element("h3", {}, say(title)),
    reasons.length
      ? element(
          "ul",
          { class: kind },
          reasons.map((reason) => element("li", {}, sentence(reason))),
        )
      : element("p", { class: "soft" }, say(none)),
  );
}

/** A reason in words, with the values that were compared. */
function sentence({ code, purchase, stolen }) {
  const words = term("reason", code);
  const [left, right] = [purchase, stolen].map((value) => plain(code, value));
  if (!left && !right) return words;
  if (left === right) return [words, " ", value(left)];
  const sides = [left && [dot("shop"), value(left)], right && [dot("theft"), value(right)]];
  return [words, " ", element("span", { class: "values" }, sides.filter(Boolean))];
}

function value(text) {
  return element("span", { class: "value" }, text);
}

/** A number of rules before 4 comes as `class:number`; a kind as its slug. */
function plain(code, value) {
  if (!value) return value;
  if (code.startsWith("kind_")) return term("kind", value);
  const prefix = `${code.replace(/_agrees$/, "")}:`;
  return value.startsWith(prefix) ? value.slice(prefix.length) : value;
}

function marks(found) {
  if (!found?.length) return null;
  return element(
    "section",
    {},
    element("h3", {}, say("detail.marks")),
    element(
      "ul",
      { class: "marks" },
      found.map(({ code, message }) => element("li", {}, mark(code, message))),
    ),
  );
}

function mark(code, message) {
  const words = term("mark", code);
  return words === code ? element("span", { lang: "en" }, message) : words;
}

function dot(side) {
  const name = say(`row.${side}_short`);
  return element("span", { class: `dot ${side}`, role: "img", "aria-label": name, title: name });
}

/** The same dot beside words that name it. */
function place(side) {
  return element("span", { class: `dot ${side}`, "aria-hidden": "true" });
}

function hidden(text) {
  return element("span", { class: "hidden" }, text);
}
