// Questions of search: a page of what is found, and what one may be typing.

import { send } from "./questions.js";
import { Refused, refusal, textOf } from "./session.js";

// The trusted documents of herkomst/graphql/documents/ that the page asks, by their hashes.
const DOCUMENTS = {
  DetectiveSearchGoods: "sha256:4b6d9fd6a86c9991d54df3ead4bb86b572b15a6e681a36647070bd21175002bf",
  DetectiveSearchStolenItems: "sha256:1445865a6f11dc4f62af31b4b82376408d0bb89a20a6bed336ffb2c6816f43c2",
  DetectiveGoodsCompletions: "sha256:6804dce9e81cc2dcca8577a6f0a8aaeb28628c663865894037fb95becebf6d9d",
  DetectiveItemCompletions: "sha256:5b8679a6c37a726231f450bc0fa75544ae06e9a4ca190f48841120b523be0448",
};
const STATUS = { NotPermitted: 403, InvalidPage: 400 };

/** A page of what is found, as `{nodes, total, exact, facets, next}`. */
export async function find(session, { subject, words, order, narrowed, first, after, signal }) {
  const id = subject === "stolen"
    ? DOCUMENTS.DetectiveSearchStolenItems
    : DOCUMENTS.DetectiveSearchGoods;
  const variables = { words, order, first, after, ...narrowed };
  const { found } = await told(session, id, variables, signal);
  const { nodes, totalCount: total, exact, facets, pageInfo } = kept(found);
  return { nodes, total, exact, facets, next: pageInfo.hasNextPage ? pageInfo.endCursor : null };
}

/** What one may be typing, as `[{text, count}]`. */
export async function typed(session, subject, words, signal) {
  if (!session) return [];
  const id = subject === "stolen"
    ? DOCUMENTS.DetectiveItemCompletions
    : DOCUMENTS.DetectiveGoodsCompletions;
  const answer = await told(session, id, { words }, signal);
  return kept(answer.typed).completions;
}

async function told(session, documentId, variables, signal) {
  const response = await send(session, { documentId, variables }, signal);
  if (!response.ok) throw await refusal(response);
  const { data, errors } = JSON.parse(await textOf(response));
  if (!data || errors) throw new Refused(400, errors?.[0]?.message ?? "");
  return data;
}

function kept(answer) {
  const { refused } = answer;
  if (!refused) return answer;
  throw new Refused(STATUS[refused.__typename], `${refused.message} ${refused.cure}`);
}
