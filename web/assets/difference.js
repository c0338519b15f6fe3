// Where two written numbers differ, character by character.

const ALIKE = 0.5; // Below this share of equal characters, two numbers are simply two numbers.
const LONGEST = 200;
const COST = { other: 100, separator: 10, spelling: 1 };

/**
 * Two texts side by side, as `{left, right, changes, share, same, alike}`.
 *
 * `left` and `right` are runs `{text, mark}`: a mark of "differs" is another character, one of
 * "written" another spelling of the same: a separator, or a capital. `changes` are the pairs of
 * characters that differ, with the place of each on its side, counted from one; `share` is how
 * much of the rest is equal. Only the first `significant` letters and digits are compared.
 */
export function difference(left, right, significant = Infinity) {
  const [a, b] = [characters(left, significant), characters(right, significant)];
  const steps = align(a, b);
  const compared = steps.filter(([x, y]) => x?.form || y?.form);
  const changes = compared.filter(([x, y]) => x?.form !== y?.form);
  for (const [x, y] of steps) mark(x, y);
  const share = compared.length ? 1 - changes.length / compared.length : 0;
  return {
    left: runs(a),
    right: runs(b),
    changes: changes.map(([x, y]) => ({ left: x?.raw, right: y?.raw, at: x?.place, to: y?.place })),
    share,
    same: left === right,
    alike: share >= ALIKE,
  };
}

function characters(text, significant) {
  let compared = 0;
  return [...text.slice(0, LONGEST)].map((raw, index) => {
    const counts = /[\p{L}\p{N}]/u.test(raw) && ++compared <= significant;
    return { raw, form: counts ? raw.toUpperCase() : undefined, place: index + 1, mark: null };
  });
}

function mark(x, y) {
  const kind = x?.form !== y?.form ? "differs" : x?.raw === y?.raw ? null : "written";
  if (x) x.mark = kind;
  if (y) y.mark = kind;
}

/** The cheapest way from one to the other, as pairs; where one side has nothing it is undefined. */
function align(a, b) {
  const costs = table(a, b);
  const steps = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const here = costs[i][j];
    if (i < a.length && j < b.length && here === costs[i + 1][j + 1] + price(a[i], b[j])) {
      steps.push([a[i++], b[j++]]);
    } else if (i < a.length && here === costs[i + 1][j] + alone(a[i])) {
      steps.push([a[i++], undefined]);
    } else {
      steps.push([undefined, b[j++]]);
    }
  }
  return steps;
}

function table(a, b) {
  const costs = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
  for (let i = a.length; i >= 0; i--) {
    for (let j = b.length; j >= 0; j--) {
      const ways = [];
      if (i < a.length && j < b.length) ways.push(costs[i + 1][j + 1] + price(a[i], b[j]));
      if (i < a.length) ways.push(costs[i + 1][j] + alone(a[i]));
      if (j < b.length) ways.push(costs[i][j + 1] + alone(b[j]));
      costs[i][j] = ways.length ? Math.min(...ways) : 0;
    }
  }
  return costs;
}

function price(x, y) {
  if (x.raw === y.raw && x.form === y.form) return 0;
  if (x.form && y.form) return x.form === y.form ? COST.spelling : COST.other;
  return alone(x) + alone(y);
}

function alone({ form }) {
  return form ? COST.other : COST.separator;
}

function runs(characters) {
  const found = [];
  for (const { raw, mark } of characters) {
    const last = found.at(-1);
    if (last && last.mark === mark) last.text += raw;
    else found.push({ text: raw, mark });
  }
  return found;
}
