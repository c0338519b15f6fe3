// Questions to the API, asked under a session: one page of hits at a time, newest first.

import { Refused, headers, reach, refusal, textOf } from "./session.js";

const GOOD = "kind brand model identifiers { type value }";
const TIME = "from to zone precision";
const PLACE = "municipality { code name lat lon }";
const HITS = `query Page($first: Int!, $after: String) {
  hits(first: $first, after: $after) {
    refused { __typename ... on NotPermitted { message cure } ... on InvalidPage { message cure } }
    pageInfo { hasNextPage endCursor }
    nodes {
      id revision grade score state time why foundAt
      reasons { code purchase stolen }
      against { code purchase stolen }
      purchase {
        source key registerNumber mode
        acquired { ${TIME} }
        marks { code message }
        good { line price { amount currency } ${GOOD} }
        shop { name dealerName ${PLACE} }
      }
      stolen {
        __typename
        ... on Withheld { reason contact }
        ... on StolenItem {
          source key report status
          stolen { ${TIME} }
          reported { ${TIME} }
          good { ${GOOD} }
          ${PLACE}
        }
      }
    }
  }
}`;
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

/** A page of cards behind a cursor, as `{cards, next}`; `next` is null on the last page. */
export async function page(session, { first, after = null, signal }) {
  const response = await send(session, { query: HITS, variables: { first, after } }, signal);
  if (!response.ok) throw await refusal(response);
  const { data, errors } = JSON.parse(await textOf(response));
  if (!data?.hits) throw new Refused(400, errors?.[0]?.message ?? "");
  const { refused, nodes, pageInfo } = data.hits;
  if (refused) {
    throw new Refused(STATUS[refused.__typename], `${refused.message} ${refused.cure}`);
  }
  return { cards: nodes.map(card), next: pageInfo.hasNextPage ? pageInfo.endCursor : null };
}

/** A hit as the API tells it, in the shape in which the stream sends it. */
function card({ id, foundAt, purchase, stolen, ...rest }) {
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
