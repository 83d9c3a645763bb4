// The first page of each product's reference: the rules of all its operations. docs/contract.md has the full text.
import { BASE_PATHS, type Product } from '../../ground/contract';

export function introduction({
  product,
  description,
  publicUrl,
}: {
  readonly product: Product;
  readonly description: string;
  readonly publicUrl: string;
}): string {
  const base = `${publicUrl}${BASE_PATHS[product]}`;
  return `${description}

## Keys

Send your key with every request: \`Authorization: Bearer lumi_${product}_…\`. A key belongs to one product and
holds scopes; each operation below names the scope it needs.

\`\`\`sh
curl ${base}/me -H "Authorization: Bearer $KEY"
\`\`\`

## Money

Amounts are strings of US dollars (\`"5.15"\`). A money request also carries \`Idempotency-Key\`, 8 to 200
characters that you choose: sending the same request again under the same key
buys nothing again, and gets the first answer byte for byte. \`expected_price_usd\` or \`max_price_usd\` protect
you from a changed price. If an operation offers \`dry_run\`, \`?dry_run=true\` checks
everything and charges nothing.

## Errors

Every refusal has one shape: \`{"error":{"code","message","request_id"}}\`, and \`details\` if one more fact is
needed. Decide by \`code\`: \`GET /errors\` lists all codes, with advice.

## Limits

120 requests and 20 money requests a minute for each key, unless yours says otherwise. Every answer shows the present
limit in \`RateLimit\` and \`RateLimit-Policy\`, and its id in \`X-Request-Id\`; a \`429\` says in
\`Retry-After\` how long to wait.

## Lists

\`limit\` (1 to 200) and \`cursor\`; the answer is \`{"items","next_cursor","has_more"}\`. Pass \`next_cursor\` on
as \`cursor\` until it is \`null\`.
`;
}
