// Runs one check in a separate process, so that several run at once: run-check.mjs MODULE FUNCTION. The findings go to
// the parent; the output is shown only when the check fails.
const [module, name] = process.argv.slice(2);

try {
  const { [name]: check } = await import(`./${module}.mjs`);
  process.send({ found: await check() }, () => process.exit(0));
} catch (err) {
  process.send({ failed: err.stack ?? String(err) }, () => process.exit(1));
}
