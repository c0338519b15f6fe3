// The bar that says under what one works, the way to the login, and the forms behind it.

import { element } from "./element.js";
import {
  Lost,
  Refused,
  act,
  choices,
  enter,
  leave,
  logOut,
  session,
  ways,
} from "./session.js";
import { codes, say, term } from "./words.js";

const UNITS = [
  "Amsterdam",
  "Den Haag",
  "Limburg",
  "Midden-Nederland",
  "Noord-Holland",
  "Noord-Nederland",
  "Oost-Brabant",
  "Oost-Nederland",
  "Rotterdam",
  "Zeeland-West-Brabant",
];
const FIRST = {
  role: "district_detective",
  unit: UNITS[7],
  purpose: "duty:front_desk",
  ground: "wpg:8",
};

/** Shows the bar in `place` and calls `changed` with the session, or null, when it changes. */
export async function showBar(place, changed) {
  const bar = new Bar(place, changed);
  bar.show();
  await bar.ask();
  return bar;
}

class Bar {
  constructor(place, changed) {
    this.place = place;
    this.changed = changed;
    this.login = null; // Whether development login is on, once the server has said so.
    this.provider = null; // Where one logs in at the identity provider, if there is one.
    this.who = null; // Who one is to the server, by the session that its cookie names.
    this.open = false;
    this.problem = "";
  }

  async ask() {
    try {
      const found = await ways();
      this.login = found.dev_login === true;
      this.provider = found.login ?? null;
      this.who = found.who ?? null;
      if (session()?.provided && !this.who) this.end();
    } catch (error) {
      this.problem = problem(error);
    }
    this.show();
  }

  show() {
    const now = session();
    const asks = this.open || !now;
    this.place.replaceChildren(
      ...[
        element("div", { class: "bar-line" }, now ? this.work(now) : this.stranger()),
        this.login && element("p", { class: "notice" }, say("bar.development")),
        asks && this.who?.authorisations.length && this.choice(),
        asks && this.login && !this.who && this.form(),
        this.problem && element("p", { class: "problem", role: "alert" }, this.problem),
      ].filter(Boolean),
    );
  }

  /** Ends the login, because the server no longer takes it or because the reader asks. */
  end(problem = "") {
    leave();
    this.who = null;
    this.problem = problem;
    this.show();
    this.changed(null);
  }

  work({ role, unit, purpose, ground }) {
    return [
      element(
        "dl",
        { class: "work" },
        fact(say("bar.role"), term("role", role)),
        fact(say("bar.unit"), unit),
        fact(say("bar.purpose"), term("purpose", purpose)),
        fact(say("bar.ground"), term("ground", ground)),
      ),
      element("p", { class: "recorded" }, say("bar.recorded")),
      element("div", { class: "buttons" }, this.change(), this.out()),
    ];
  }

  stranger() {
    if (this.who) {
      const { subject, authorisations } = this.who;
      const name = authorisations.length ? "bar.act" : "bar.none";
      return [
        element("p", {}, say(name, { subject })),
        element("div", { class: "buttons" }, this.out()),
      ];
    }
    const name = { null: "bar.asking", true: "bar.choose", false: "bar.how" }[this.login];
    const said = this.provider && !this.login ? "bar.provider" : name;
    return [
      element("p", {}, this.login === null && this.problem ? "" : say(said)),
      this.provider && element("div", { class: "buttons" }, this.way()),
    ];
  }

  /** The way to the identity provider, and back to this page. */
  way() {
    const back = encodeURIComponent(location.pathname + location.search);
    return element(
      "a",
      { href: `${this.provider}?return_to=${back}` },
      say("bar.way"),
    );
  }

  change() {
    if (!this.login && !this.who) return null;
    const click = () => {
      this.open = !this.open;
      this.show();
      this.place.querySelector(this.open ? "select" : "button")?.focus();
    };
    return element(
      "button",
      { type: "button", "aria-expanded": String(this.open), click },
      say("bar.change"),
    );
  }

  out() {
    const click = () => (this.who ? this.away() : this.end());
    return element("button", { type: "button", click }, say("bar.leave"));
  }

  async away() {
    try {
      await logOut();
    } catch (error) {
      this.problem = problem(error);
      this.show();
    }
  }

  /** Which authorisation one works under, for what and on which ground. */
  choice() {
    const last = { ...FIRST, ...choices() };
    const submit = (event) => {
      event.preventDefault();
      act(Object.fromEntries(new FormData(event.target)));
      this.entered();
    };
    return element(
      "form",
      { class: "login", "aria-label": say("bar.choice"), submit },
      field("authorisation", this.authorisations(last)),
      ...this.purposes(last),
      element("button", { type: "submit", class: "primary" }, say("bar.go")),
    );
  }

  authorisations(last) {
    const list = this.who.authorisations.map(({ role, unit }) =>
      element(
        "option",
        { value: `${role}@${unit}`, selected: role === last.role && unit === last.unit },
        `${term("role", role)}, ${unit}`,
      ),
    );
    return [element("select", { id: "bar-authorisation", name: "authorisation" }, list)];
  }

  form() {
    const last = { ...FIRST, ...choices() };
    const submit = (event) => {
      event.preventDefault();
      this.enter(Object.fromEntries(new FormData(event.target)));
    };
    return element(
      "form",
      { class: "login", "aria-label": say("bar.form"), submit },
      field("role", options(last.role)),
      field("unit", input("unit", last.unit, UNITS)),
      ...this.purposes(last),
      element("button", { type: "submit", class: "primary" }, say("bar.enter")),
    );
  }

  purposes(last) {
    const pattern = "(case|task|duty):[A-Za-z0-9].*";
    return [
      field("purpose", input("purpose", last.purpose, codes("purpose"), pattern)),
      field("ground", input("ground", last.ground, codes("ground"), "[a-z]+:.+")),
    ];
  }

  async enter(chosen) {
    try {
      await enter(chosen);
    } catch (error) {
      this.problem = problem(error);
      this.show();
      return;
    }
    this.entered();
  }

  entered() {
    this.open = false;
    this.problem = "";
    this.show();
    this.place.querySelector("button")?.focus();
    this.changed(session());
  }
}

function problem(error) {
  if (error instanceof Lost) return say("bar.unreachable");
  if (error instanceof Refused && error.message)
    return element("span", { lang: "en" }, error.message);
  if (error instanceof Refused) return say("bar.failed");
  throw error;
}

function fact(name, value) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

function field(name, control) {
  const hint = name === "purpose" && element("small", { id: "purpose-hint" }, say("bar.hint"));
  if (hint) control[0].setAttribute("aria-describedby", "purpose-hint");
  return element(
    "div",
    { class: "field" },
    element("label", { for: `bar-${name}` }, say(`bar.${name}`)),
    control,
    hint,
  );
}

function options(chosen) {
  const list = codes("role").map((role) =>
    element("option", { value: role, selected: role === chosen }, term("role", role)),
  );
  return [element("select", { id: "bar-role", name: "role" }, list)];
}

function input(name, value, known, pattern) {
  const list = `known-${name}`;
  return [
    element("input", {
      id: `bar-${name}`,
      name,
      value,
      list,
      pattern,
      required: true,
      autocomplete: "off",
      spellcheck: "false",
      title: pattern ? say(`bar.${name}_shape`) : null,
    }),
    element(
      "datalist",
      { id: list },
      known.map((one) => element("option", { value: one })),
    ),
  ];
}
