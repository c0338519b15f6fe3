// What the page says, in the language of `?lang=`.

const LANGUAGES = ["nl", "en"];
let words = {};
let current = LANGUAGES[0];

export function language() {
  return current;
}

/** The language of the address, else the first of the reader's that is spoken here. */
export function chosen() {
  const asked = new URLSearchParams(location.search).get("lang");
  const wishes = [asked, ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wishes.find((wish) => LANGUAGES.includes(wish)) ?? LANGUAGES[0];
}

export async function speak(tag) {
  const response = await fetch(`/assets/${tag}.json`);
  if (!response.ok) throw new Error(`The words in ${tag} answer ${response.status}.`);
  words = await response.json();
  current = tag;
  document.documentElement.lang = tag;
}

/** The words under a dotted name, with `{place}` filled in; a name without words says itself. */
export function say(name, values = {}) {
  const found = name.split(".").reduce((group, part) => group?.[part], words);
  const text = typeof found === "string" ? found : name;
  return text.replace(/\{(\w+)\}/g, (_, place) => values[place] ?? "");
}

/** The words for a code of the register; a code that is not known here stands for itself. */
export function term(group, code) {
  return words[group]?.[code] ?? code;
}

export function codes(group) {
  return Object.keys(words[group] ?? {});
}

export function counted(name, count, values = {}) {
  return say(`${name}.${count === 1 ? "one" : "many"}`, { ...values, count: number(count) });
}

export function number(value) {
  return new Intl.NumberFormat(locale()).format(value);
}

/** An amount, which comes as a decimal text so that nothing is lost on the way. */
export function money({ amount, currency }) {
  return new Intl.NumberFormat(locale(), { style: "currency", currency }).format(amount);
}

/** The tag by which numbers and dates are written. */
export function locale() {
  return current === "en" ? "en-GB" : current;
}

/** Fills in the fixed texts of the page: `data-say` the content, `data-say-label` the name. */
export function translate(root = document) {
  for (const node of root.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of root.querySelectorAll("[data-say-label]")) {
    node.setAttribute("aria-label", say(node.dataset.sayLabel));
  }
}

/** Marks the language in the switch and lets it change without losing what is on the page. */
export function switchLanguage(links, changed) {
  for (const link of links) {
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      await speak(link.hreflang);
      keepInAddress();
      markCurrent(links);
      translate();
      changed();
    });
  }
  keepInAddress();
  markCurrent(links);
}

function keepInAddress() {
  const address = new URL(location.href);
  address.searchParams.set("lang", current);
  history.replaceState(history.state, "", address);
  for (const link of document.querySelectorAll("a[data-keep-language]")) {
    link.search = `?lang=${current}`;
  }
}

function markCurrent(links) {
  for (const link of links) {
    if (link.hreflang === current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
