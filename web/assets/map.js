// The Netherlands as municipalities, with a dot for the shop and a ring for the place of theft.
// The borders are those of Statistics Netherlands and the Land Registry (CC BY 4.0).

import { shape } from "./element.js";
import { number, say } from "./words.js";

const BORDERS = "/assets/municipalities-2023.topo.json";
const CORNER = { lon: 3.3, lat: 53.66 };
const SCALE = 200; // Units of the drawing in a degree of latitude.
const NARROWING = Math.cos((52.2 * Math.PI) / 180); // Of a degree of longitude, in the middle.
const SIZE = { width: 490, height: 600 };
const EARTH = 6371; // Kilometres.
const LABEL = 26; // Units between a dot and its name.
const MARGIN = 8;

/** What may not be shown, in the place of what is not known. */
export const WITHHELD = Symbol("withheld");

export async function netherlands() {
  const response = await fetch(BORDERS);
  if (!response.ok) throw new Error(`The borders answer ${response.status}.`);
  return new Netherlands(await response.json());
}

class Netherlands {
  constructor(topology) {
    this.arcs = decode(topology);
    this.municipalities = new Map(
      topology.objects.gm_features.geometries.map((one) => [one.properties.code, one]),
    );
    const land = topology.objects.nl_features.geometries.map((one) => this.outline(one));
    this.places = shape("g");
    this.svg = shape(
      "svg",
      { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: "img", class: "map" },
      shape("path", { class: "land", d: land.join("") }),
      shape("path", { class: "borders", d: this.borders() }),
      this.places,
    );
  }

  /** Shows up to two places, each `{code, name, lat, lon}`, null or WITHHELD; says it in words. */
  show(shop, theft) {
    const here = [shop, theft].map((place) => (onMap(place) ? place : null));
    const [bought, stolen] = here;
    const apart = bought && stolen && bought.code !== stolen.code;
    this.places.replaceChildren(
      ...[
        ...here.map((place, index) => this.area(place, ["shop", "theft"][index])),
        apart && route(stolen, bought),
        stolen && spot(stolen, "theft", 11),
        bought && spot(bought, "shop", 6),
        bought && name(bought, apart ? bought.lat >= stolen.lat : true, "shop"),
        apart && name(stolen, stolen.lat > bought.lat, "theft"),
      ].filter(Boolean),
    );
    const words = told(shop, theft);
    this.svg.setAttribute("aria-label", words);
    return words;
  }

  area(place, kind) {
    const found = this.municipalities.get(place?.code);
    return found && shape("path", { class: `area ${kind}`, d: this.outline(found) });
  }

  outline({ type, arcs }) {
    const polygons = type === "Polygon" ? [arcs] : arcs;
    return polygons
      .flat()
      .map((ring) => `${path(this.ring(ring))}Z`)
      .join("");
  }

  ring(indices) {
    const points = indices.map((i) => (i < 0 ? this.arcs[~i].toReversed() : this.arcs[i]));
    return points.flatMap((arc, index) => (index ? arc.slice(1) : arc));
  }

  /** Each border once, although two municipalities share it. */
  borders() {
    const all = [...this.municipalities.values()].flatMap(({ arcs }) => arcs.flat(Infinity));
    const used = new Set(all.map((index) => (index < 0 ? ~index : index)));
    return [...used].map((index) => path(this.arcs[index])).join("");
  }
}

/** The arcs of a TopoJSON file, whose points are steps on a grid, as points of the drawing. */
function decode({ arcs, transform: { scale, translate } }) {
  return arcs.map((arc) => {
    let [x, y] = [0, 0];
    return arc.map(([dx, dy]) => {
      [x, y] = [x + dx, y + dy];
      return project(x * scale[0] + translate[0], y * scale[1] + translate[1]);
    });
  });
}

export function project(lon, lat) {
  return [(lon - CORNER.lon) * NARROWING * SCALE, (CORNER.lat - lat) * SCALE];
}

function path(points) {
  return `M${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}`;
}

function onMap(place) {
  if (typeof place?.lat !== "number" || typeof place.lon !== "number") return false;
  const [x, y] = project(place.lon, place.lat);
  return x >= 0 && y >= 0 && x <= SIZE.width && y <= SIZE.height;
}

function spot({ lon, lat, name }, kind, radius) {
  const [x, y] = project(lon, lat);
  return shape(
    "circle",
    { class: `spot ${kind}`, cx: x.toFixed(1), cy: y.toFixed(1), r: radius },
    shape("title", {}, name),
  );
}

function route(from, to) {
  const [[x1, y1], [x2, y2]] = [project(from.lon, from.lat), project(to.lon, to.lat)];
  return shape("line", { class: "route", x1, y1, x2, y2 });
}

/** The name above or below its dot, and inside the drawing. */
function name({ name: text, lon, lat }, above, kind) {
  const [x, y] = project(lon, lat);
  const room = text.length * 6;
  const anchor = x < room ? "start" : x > SIZE.width - room ? "end" : "middle";
  const at = { start: MARGIN, end: SIZE.width - MARGIN, middle: x }[anchor];
  const down = above ? -LABEL + 8 : LABEL + 4;
  return shape("text", { class: `name ${kind}`, x: at, y: y + down, "text-anchor": anchor }, text);
}

function told(shop, theft) {
  const parts = [
    say("map.shop", { name: called(shop) }),
    say("map.theft", { name: called(theft) }),
  ];
  const words = apart(shop, theft);
  return [...parts, words && `${words[0].toLocaleUpperCase()}${words.slice(1)}.`]
    .filter(Boolean)
    .join(" ");
}

function called(place) {
  return place === WITHHELD ? say("withheld.cell") : (place?.name ?? say("place.unknown"));
}

/** How far two places lie apart, in words; empty when one of them is not known. */
export function apart(one, other) {
  if (typeof one?.lat !== "number" || typeof other?.lat !== "number") return "";
  if (one.code === other.code) return say("map.same");
  return say("map.apart", { km: number(Math.max(1, Math.round(distance(one, other)))) });
}

function distance(one, other) {
  const [from, to] = [one.lat, other.lat].map(radians);
  const [dLat, dLon] = [to - from, radians(other.lon - one.lon)];
  const half = Math.sin(dLat / 2) ** 2 + Math.cos(from) * Math.cos(to) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH * Math.asin(Math.sqrt(half));
}

function radians(degrees) {
  return (degrees * Math.PI) / 180;
}
