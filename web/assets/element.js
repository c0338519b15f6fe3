// Elements are built here and nowhere from markup: what came from a register is only ever text.

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

export function shape(name, attributes, ...children) {
  return furnish(document.createElementNS(SVG, name), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}
