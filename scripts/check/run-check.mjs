// One check in a process of its own, so that several run side by side: run-check.mjs MODULE FUNCTION. What it found
// goes to the parent; what it prints is shown only when it fails.
const [module, name] = process.argv.slice(2);

try {
  const { [name]: check } = await import(`./${module}.mjs`);
  process.send({ found: await check() }, () => process.exit(0));
} catch (err) {
  process.send({ failed: err.stack ?? String(err) }, () => process.exit(1));
}
