// The health check of a container: ends with 0 when the process that listens on PORT answers. A file, because some
// engines split a command at its spaces.
const isHealthy = await fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(
  (answer) => answer.ok,
  () => false,
);
process.exit(isHealthy ? 0 : 1);
