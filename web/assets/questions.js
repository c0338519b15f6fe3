// Questions to the API, asked under a session: a page of hits, newest first, and hits as they come.

import { Refused, headers, reach, refusal, textOf } from "./session.js";

// The trusted documents of herkomst/graphql/documents/ that the page asks, by their hashes.
const DOCUMENTS = {
  DetectiveHits: "sha256:eeaac12b0ab8119b6b21f6706cc6dc462016e623f7530417d6a5e73c0dd1bb18",
  DetectiveHitsWatched: "sha256:3e52343561719532e9e8fd353e6f5965040d89f6f90c89211dc8fc01c7983b6f",
};
const STATUS = { NotPermitted: 403, InvalidPage: 400 };

/** Sends an operation as it is and returns the response as it comes. */
export function send(session, operation, signal) {
  return reach("/graphql", {
    method: "POST",
    headers: {
      ...headers(session),
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json, application/json;q=0.9",
    },
    body: JSON.stringify(operation),
    signal,
  });
}

/** Watches hits behind a revision; the answer is a stream of server-sent events. */
export function watch(headers, after, signal) {
  return reach("/graphql", {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ documentId: DOCUMENTS.DetectiveHitsWatched, variables: { after } }),
    cache: "no-store",
    signal,
  });
}

/** A page of cards behind a cursor, as `{cards, next}`; `next` is null on the last page. */
export async function page(session, { first, after = null, signal }) {
  const operation = { documentId: DOCUMENTS.DetectiveHits, variables: { first, after } };
  const response = await send(session, operation, signal);
  if (!response.ok) throw await refusal(response);
  const { data, errors } = JSON.parse(await textOf(response));
  if (!data?.hits) throw new Refused(400, errors?.[0]?.message ?? "");
  const { refused, nodes, pageInfo } = data.hits;
  if (refused) {
    throw new Refused(STATUS[refused.__typename], `${refused.message} ${refused.cure}`);
  }
  return { cards: nodes.map(card), next: pageInfo.hasNextPage ? pageInfo.endCursor : null };
}

/** A hit as the API tells it, in the shape in which the page draws it. */
export function card({ id, foundAt, purchase, stolen, ...rest }) {
  return {
    ...rest,
    hit: id,
    found_at: foundAt,
    purchase: bought(purchase),
    stolen: reported(stolen),
  };
}

function bought({ registerNumber, good, shop, ...rest }) {
  return {
    ...rest,
    ...good,
    register_number: registerNumber,
    dealer: shop?.dealerName,
    establishment: shop?.name,
    municipality: shop?.municipality,
  };
}

function reported({ __typename: kind, reason, contact, good, ...rest }) {
  return kind === "Withheld" ? { withheld: { reason, contact } } : { ...rest, ...good };
}
