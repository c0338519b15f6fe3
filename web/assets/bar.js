// The bar that says under what one works, and the form of development login behind it.

import { element } from "./element.js";
import {
  Lost,
  Refused,
  choices,
  enter,
  leave,
  offersDevelopmentLogin,
  session,
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
    this.open = false;
    this.problem = "";
  }

  async ask() {
    try {
      this.login = await offersDevelopmentLogin();
    } catch (error) {
      this.problem = problem(error);
    }
    this.show();
  }

  show() {
    const now = session();
    const asks = this.login && (this.open || !now);
    this.place.replaceChildren(
      ...[
        element("div", { class: "bar-line" }, now ? this.work(now) : this.stranger()),
        this.login && element("p", { class: "notice" }, say("bar.development")),
        asks && this.form(),
        this.problem && element("p", { class: "problem", role: "alert" }, this.problem),
      ].filter(Boolean),
    );
  }

  /** Ends the login, because the server no longer takes it or because the reader asks. */
  end(problem = "") {
    leave();
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
    const name = { null: "bar.asking", true: "bar.choose", false: "bar.how" }[this.login];
    return element("p", {}, this.login === null && this.problem ? "" : say(name));
  }

  change() {
    if (!this.login) return null;
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
    return element("button", { type: "button", click: () => this.end() }, say("bar.leave"));
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
      field(
        "purpose",
        input("purpose", last.purpose, codes("purpose"), "(case|task|duty):[A-Za-z0-9].*"),
      ),
      field("ground", input("ground", last.ground, codes("ground"), "[a-z]+:.+")),
      element("button", { type: "submit", class: "primary" }, say("bar.enter")),
    );
  }

  async enter(chosen) {
    try {
      await enter(chosen);
    } catch (error) {
      this.problem = problem(error);
      this.show();
      return;
    }
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
