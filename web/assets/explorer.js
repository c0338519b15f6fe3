// GraphiQL, served from here, under the same session as the page.

import { showBar } from "./bar.js";
import { headers, session } from "./session.js";
import { chosen, speak, switchLanguage, translate } from "./words.js";

const EXAMPLES = [
  `query Hits {
  hits(first: 5) {
    edges { node { id grade score state foundAt } }
  }
}
`,
];

const present = "React" in globalThis && "ReactDOM" in globalThis && "GraphiQL" in globalThis;
const root = present ? ReactDOM.createRoot(at("graphiql")) : null;

await speak(chosen());
translate();
adoptStyles();
const bar = await showBar(at("session"), show);
switchLanguage(document.querySelectorAll(".languages a"), () => bar.show());
show(session());

function at(id) {
  return document.getElementById(id);
}

function show(now) {
  at("missing").hidden = present;
  at("first").hidden = !present || Boolean(now);
  root?.render(now ? explorer(now) : null);
}

/** A new login is a new explorer, because what may be asked depends on who asks. */
function explorer(now) {
  return React.createElement(GraphiQL, {
    key: now.token + now.purpose + now.ground,
    fetcher: (operation) => ask(now, operation),
    storage: memory(),
    defaultTabs: EXAMPLES.map((query) => ({ query })),
    isHeadersEditorEnabled: false,
    showPersistHeadersSettings: false,
  });
}

async function ask(now, operation) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: {
      ...headers(now),
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json, application/json;q=0.9",
    },
    body: JSON.stringify(operation),
  });
  return response.json();
}

/** Questions may name persons, so they are kept in memory and gone with the page. */
function memory() {
  const kept = new Map();
  return {
    get length() {
      return kept.size;
    },
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
    clear: () => kept.clear(),
  };
}

/**
 * The dialogs of GraphiQL put a `style` element into the document, which the content security
 * policy refuses. They get one without effect, with the `styleSheet` of an old browser that they
 * try first: what is written there goes into a sheet that the document adopts, as scripts may.
 */
function adoptStyles() {
  const create = document.createElement.bind(document);
  const adopted = new Set();
  const styleSheet = {
    set cssText(rules) {
      if (adopted.has(rules)) return;
      adopted.add(rules);
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(rules);
      document.adoptedStyleSheets.push(sheet);
    },
  };
  document.createElement = (name, options) =>
    name === "style" ? Object.assign(create("meta"), { styleSheet }) : create(name, options);
}
