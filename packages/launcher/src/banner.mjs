// The text in the terminal when Lumi runs: addresses, keys, and one command to paste that buys a domain.

/** @param {{ demo: import('./seed.mjs').Demo; folder: string; isEmbedded: boolean }} told */
export function banner({ demo, folder, isEmbedded }) {
  const { domains, vps, proxy } = demo.products;
  /**
   * @param {string} name
   * @param {import('./seed.mjs').Demo['products']['vps']} product
   */
  const row = (name, product) =>
    `  ${name.padEnd(8)} ${product.base}\n           reseller ${product.reseller.key}\n           operator ` +
    `${product.operator.key}`;
  return `
${row('domains', domains)}
${row('vps', vps)}
${row('proxy', proxy)}

  account  ${domains.reseller.user_id} (demo, sandbox money)
  data     ${folder}${isEmbedded ? '' : ' (database: DATABASE_URL)'}

Buy a domain:

  curl -X POST ${domains.base}/domains \\
    -H 'Authorization: Bearer ${domains.reseller.key}' \\
    -H 'Idempotency-Key: my-first-purchase' \\
    -H 'Content-Type: application/json' \\
    -d '{"domain":"my-first.test","years":1}'

Stop with Ctrl-C.
`;
}
