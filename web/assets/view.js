// What is looked at, kept in the hash of the address: the hit that is chosen and the filters.

const NAMES = ["grade", "time", "since", "hit"];
const DAY = 86_400_000;

export function view() {
  const kept = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(NAMES.map((name) => [name, kept.get(name) ?? ""]));
}

export function address(wanted) {
  const kept = new URLSearchParams(NAMES.filter((n) => wanted[n]).map((n) => [n, wanted[n]]));
  return `#${kept}`;
}

/** Changes what is looked at without a new step in the history. */
export function look(wanted) {
  history.replaceState(history.state, "", address({ ...view(), ...wanted }));
}

/** Whether a hit passes the filters. `since` is a number of days before now. */
export function passes(card, { grade, time, since }) {
  if (grade && card.grade !== grade) return false;
  if (time && card.time !== time) return false;
  return !since || Date.now() - Date.parse(card.found_at) <= Number(since) * DAY;
}
