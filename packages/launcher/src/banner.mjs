// The text in the terminal when Lumi runs: addresses, keys, and commands to paste: a domain, and a proxy that is used.

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
  docs     ${new URL(domains.base).origin}/docs
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

Buy a proxy, and see a page through it:

  curl -X POST ${proxy.base}/orders \\
    -H 'Authorization: Bearer ${proxy.reseller.key}' \\
    -H 'Idempotency-Key: my-first-proxy' \\
    -H 'Content-Type: application/json' \\
    -d '{"product_id":"ipv4","items":[{"country":"DE","quantity":1}],"period_days":7}'
  curl -x "$(curl -s -H 'Authorization: Bearer ${proxy.reseller.key}' \\
    '${proxy.base}/export?format=url' | head -n 1)" http://echo.lumi.test/

Stop with Ctrl-C.
`;
}
