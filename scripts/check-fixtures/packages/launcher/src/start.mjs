// must fail: eqeqeq
// must fail: no-dupe-keys
// must fail: no-unused-vars
// must fail: typescript(no-floating-promises)
// must fail: @typescript-eslint/ban-ts-comment
// must fail: lumi/no-any-in-comments
/**
 * @param {any} port
 */
export function start(port) {
  const forgotten = 1;
  const settings = { HOST: '127.0.0.1', PORT: port, HOST: '0.0.0.0' };
  if (settings.PORT == '8080') listen(settings);
}

/** @param {{ HOST: string }} settings */
async function listen({ HOST }) {
  // @ts-ignore
  await HOST.listen();
}
