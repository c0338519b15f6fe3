// Moments and spans in words. A moment may be known to the second or to the month, in Amsterdam.

import { locale, say } from "./words.js";

const AMSTERDAM = "Europe/Amsterdam";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LENGTHS = { second: 1000, minute: MINUTE, hour: HOUR };
const UNITS = [
  { unit: "year", from: 730 * DAY, size: 365.25 * DAY },
  { unit: "month", from: 60 * DAY, size: 30.44 * DAY },
  { unit: "day", from: 2 * DAY, size: DAY },
  { unit: "hour", from: 2 * HOUR, size: HOUR },
  { unit: "minute", from: 0, size: MINUTE },
];
const SHORT = { day: "numeric", month: "short", year: "numeric" };
const formats = new Map();

/** A span as it was given: one moment, or from one to another. */
export function span(occurred) {
  if (!occurred) return say("time.unknown");
  const { from, to, zone, precision } = occurred;
  const first = moment(from, precision);
  const elsewhere = zone && zone !== AMSTERDAM && timed(from) ? ` (${local(from, zone)})` : "";
  if (!to || to === from) return first + elsewhere;
  const last = sameDay(from, to) ? clock(to) : moment(to, precision);
  return say("time.between", { from: first, to: last }) + elsewhere;
}

export function moment(text, precision) {
  if (!text) return say("time.unknown");
  if (!timed(text) || precision === "day" || precision === "month") return date(text, precision);
  const options = { ...SHORT, hour: "2-digit", minute: "2-digit", timeZone: AMSTERDAM };
  const words = format(options).format(new Date(text));
  return precision === "hour" ? say("time.about", { moment: words }) : words;
}

/** When a hit was found: the clock for today, else the day. */
export function ago(text) {
  const options = { day: "numeric", month: "short", timeZone: AMSTERDAM };
  const day = format(options);
  const then = new Date(text);
  return day.format(then) === day.format(new Date()) ? clock(text) : day.format(then);
}

/** How long after the theft the purchase was, or why that cannot be said. */
export function gap(acquired, stolen) {
  const { name, values } = measured(acquired, stolen);
  return say(`gap.${name}`, values);
}

/** The same as a sentence. */
export function gapSentence(acquired, stolen) {
  const { name } = measured(acquired, stolen);
  const known = name !== "unclear" && name !== "unknown";
  return say(`gap.sentence.${known ? "known" : name}`, { gap: gap(acquired, stolen) });
}

function measured(acquired, stolen) {
  const bought = interval(acquired);
  const theft = interval(stolen);
  if (!bought || !theft) return { name: "unknown" };
  const least = bought.start - theft.end;
  const most = bought.end - theft.start;
  if (most <= 0) return { name: "before", values: { time: range(-most, -most) } };
  if (least < 0) return { name: "unclear" };
  if (least < unitOf(most).size / 2) return { name: "within", values: { time: range(most, most) } };
  return { name: "after", values: { time: range(least, most) } };
}

/** From one length of time to another, in the unit that suits the longer. */
function range(least, most) {
  const { unit, size } = unitOf(most);
  const options = { style: "unit", unit, unitDisplay: "long" };
  const [from, to] = [least, most].map((length) => Math.max(1, Math.round(length / size)));
  const format = new Intl.NumberFormat(locale(), options);
  return from === to ? format.format(to) : format.formatRange(from, to);
}

function unitOf(length) {
  return UNITS.find(({ from }) => length >= from);
}

/** The span in milliseconds that holds the moment; its end is the first instant after it. */
export function interval(occurred) {
  if (!occurred?.from) return null;
  const { from, to, zone, precision } = occurred;
  return { start: edge(from, zone, precision).start, end: edge(to ?? from, zone, precision).end };
}

function edge(text, zone, precision) {
  if (!timed(text)) return calendar(text, zone, precision);
  const start = Date.parse(text);
  if (precision === "day" || precision === "month") {
    return calendar(isoDay(start, zone ?? AMSTERDAM), zone, precision);
  }
  const length = LENGTHS[precision] ?? LENGTHS.second;
  return { start: start - (start % length), end: start - (start % length) + length };
}

function calendar(text, zone, precision) {
  const [year, month, day] = text.split("-").map(Number);
  const whole = precision === "month" || !day;
  const midnight = (y, m, d) => instant(Date.UTC(y, m, d), zone ?? AMSTERDAM);
  return whole
    ? { start: midnight(year, month - 1, 1), end: midnight(year, month, 1) }
    : { start: midnight(year, month - 1, day), end: midnight(year, month - 1, day + 1) };
}

/** The instant at which clocks in a zone show what UTC shows at `shown`. */
function instant(shown, zone) {
  const first = shown - offset(shown, zone);
  return shown - offset(first, zone);
}

function offset(at, zone) {
  const name = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" })
    .formatToParts(at)
    .find(({ type }) => type === "timeZoneName").value;
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name);
  return (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * HOUR + Number(minutes ?? 0) * MINUTE);
}

function timed(text) {
  return text.length > "2026-03-01".length;
}

function date(text, precision) {
  const day = timed(text) ? isoDay(Date.parse(text), AMSTERDAM) : text;
  const whole = precision === "month" || day.length < "2026-03-01".length;
  const options = whole ? { month: "long", year: "numeric" } : SHORT;
  return format({ ...options, timeZone: "UTC" }).format(
    new Date(`${day.slice(0, whole ? 7 : 10)}`),
  );
}

function isoDay(at, zone) {
  const parts = { year: "numeric", month: "2-digit", day: "2-digit", timeZone: zone };
  return new Intl.DateTimeFormat("sv", parts).format(at);
}

function clock(text) {
  return format({ hour: "2-digit", minute: "2-digit", timeZone: AMSTERDAM }).format(new Date(text));
}

function local(text, zone) {
  const options = { hour: "2-digit", minute: "2-digit", timeZone: zone };
  const place = zone.split("/").pop().replaceAll("_", " ");
  return say("time.elsewhere", { time: format(options).format(new Date(text)), place });
}

function sameDay(from, to) {
  if (!timed(from) || !timed(to)) return false;
  const day = (text) => isoDay(Date.parse(text), AMSTERDAM);
  return day(from) === day(to);
}

function format(options) {
  const key = locale() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale(), options));
  return formats.get(key);
}
