// A box that completes what is typed: a combobox with a list, by the pattern of the WAI-ARIA.

import { element } from "./element.js";
import { Lost, Refused } from "./session.js";
import { number } from "./words.js";

const PAUSE = 150; // Milliseconds without a key before completions are asked.

/** Completes `input` by what `ask(text, signal)` tells, and calls `taken` when one is chosen. */
export function complete({ input, list, ask, taken }) {
  let timer = null;
  let running = new AbortController();
  let at = -1;

  input.addEventListener("input", () => {
    close();
    if (input.value.trim().length >= 2) timer = setTimeout(look, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event);
    else if (event.key === "Enter" && at >= 0) choose(event, list.children[at]);
    else if (event.key === "Enter") close();
  });
  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(event, option);
  });

  async function look() {
    const { signal } = running;
    try {
      const found = await ask(input.value, signal);
      if (!signal.aborted) open(found);
    } catch (error) {
      // Who types goes on without completions; the search itself says what is wrong.
      if (!(error instanceof Lost || error instanceof Refused)) throw error;
    }
  }

  function open(completions) {
    list.replaceChildren(...completions.map(({ text, count }, n) => element(
      "li",
      { id: `typed-${n}`, role: "option", "aria-selected": "false", "data-text": text },
      [element("span", {}, text), " ", element("small", {}, number(count))],
    )));
    show(completions.length > 0);
  }

  /** Forgets what was asked too: an answer that is late belongs to another text. */
  function close() {
    clearTimeout(timer);
    running.abort();
    running = new AbortController();
    show(false);
  }

  function show(isOpen) {
    at = -1;
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    input.removeAttribute("aria-activedescendant");
  }

  function move(event) {
    if (list.hidden) return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    const places = list.children.length + 1; // One more: back in the box.
    at = ((at + 1 + step + places) % places) - 1;
    [...list.children].forEach((option, n) => option.setAttribute("aria-selected", String(n === at)));
    if (at < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  }

  function choose(event, option) {
    event.preventDefault();
    input.value = option.dataset.text;
    close();
    taken();
  }
}
