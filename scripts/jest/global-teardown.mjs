// After the last test: the run's PostgreSQL goes, with its data.
export default async function globalTeardown() {
  await globalThis.lumiTestCluster?.stop();
}
