// GraphiQL, served from here, under the same session as the page.

import { showBar } from "./bar.js";
import { send } from "./questions.js";
import { session } from "./session.js";
import { chosen, speak, switchLanguage, translate } from "./words.js";

const EXAMPLES = [
  `# Hits, the one that changed last first: leads, never proof.
query Hits {
  hits(first: 5) {
    nodes { id grade score state time foundAt reasons { code } against { code } }
    pageInfo { hasNextPage endCursor }
    refused { ... on NotPermitted { message cure } }
  }
}
`,
  `# Both goods of a hit, and the shop.
query BothGoods {
  hits(first: 3, grade: [full_hit]) {
    nodes {
      purchase {
        registerNumber
        acquired { from precision }
        good { kind brand model identifiers { type value } }
        shop { name municipality { name } }
      }
      stolen {
        ... on StolenItem {
          report
          stolen { from to precision }
          good { kind brand model identifiers { type value } }
        }
        ... on Withheld { reason contact }
      }
    }
  }
}
`,
  `query Purchases {
  purchases(first: 5) {
    nodes { registerNumber mode acquired { from } lines { kind brand model } marks { message } }
  }
}
`,
  `query StolenItems {
  stolenItems(first: 5) {
    nodes { source report status stolen { from to precision } good { kind brand model } }
  }
}
`,
  `query Dealers {
  dealers(first: 5) {
    nodes { name trades state establishments { name municipality { name } } }
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
    fetcher: async (operation) => (await send(now, operation)).json(),
    storage: memory(),
    defaultTabs: EXAMPLES.map((query) => ({ query })),
    isHeadersEditorEnabled: false,
    showPersistHeadersSettings: false,
  });
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
