// Under which role, unit, purpose and ground one works. It lives as long as the tab does.

const PLACE = "herkomst.session";

/** An answer other than the one asked for, in the server's own words where it gives any. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The server did not answer, or stopped answering. */
export class Lost extends Error {}

/** A fetch that tells a lost connection from a mistake in this code: both are a TypeError. */
export function reach(address, options) {
  return fetch(address, options).catch(lose);
}

/** The text of an answer, which can be lost half-way. */
export function textOf(response) {
  return response.text().catch(lose);
}

function lose(error) {
  throw new Lost(error.message, { cause: error });
}

export function session() {
  const kept = sessionStorage.getItem(PLACE);
  const found = kept && JSON.parse(kept);
  return found?.token || found?.provided ? found : null;
}

/** The last choices, also after the login has ended. */
export function choices() {
  const kept = sessionStorage.getItem(PLACE);
  return kept ? JSON.parse(kept) : {};
}

/** With a token of development login, or under the cookie that the browser sends by itself. */
export function headers({ token, role, unit, purpose, ground }) {
  return {
    ...(token ? { Authorization: `Bearer ${token}` } : { "Herkomst-Role": `${role}@${unit}` }),
    "Herkomst-Purpose": purpose,
    "Herkomst-Ground": ground,
  };
}

/** Which ways in the server has, and who one is to it. */
export async function ways() {
  const response = await reach("/session");
  if (!response.ok) throw await refusal(response);
  return JSON.parse(await textOf(response));
}

/** Works from now on under one of one's own authorisations. */
export function act({ authorisation, purpose, ground }) {
  const [, role, unit] = authorisation.match(/^([^@]*)@(.*)$/);
  keep({ role, unit, purpose, ground, provided: true });
}

/** Ends the session on the server, and goes where it is ended at the identity provider too. */
export async function logOut() {
  const response = await reach("/session/logout", { method: "POST" });
  if (!response.ok) throw await refusal(response);
  const { logout } = JSON.parse(await textOf(response));
  leave();
  location.assign(logout ?? "/");
}

export async function enter({ role, unit, purpose, ground }) {
  const response = await reach("/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ role, unit }),
  });
  if (!response.ok) throw await refusal(response);
  const { token, expires_at } = JSON.parse(await textOf(response));
  keep({ role, unit, purpose, ground, token, expires_at });
}

/** Forgets the token and keeps the choices, so that the form is filled in the next time. */
export function leave() {
  keep({ ...choices(), token: null, expires_at: null, provided: false });
}

/** What an answer that is no success says: problem+json, a list of errors, or only a status. */
export async function refusal(response) {
  const text = await textOf(response);
  return new Refused(response.status, sentence(text));
}

function sentence(text) {
  try {
    const body = JSON.parse(text);
    const { message = body.detail ?? body.title, cure = body.cure } = body.errors?.[0] ?? {};
    return [message, cure].filter(Boolean).join(" ");
  } catch (error) {
    if (error instanceof SyntaxError) return "";
    throw error;
  }
}

function keep(found) {
  sessionStorage.setItem(PLACE, JSON.stringify(found));
}
