// Before the first test: Prisma clients, one PostgreSQL, one template database. Workers find it in LUMI_TEST_CLUSTER.
import { generate } from '../build.mjs';
import { taken, takeCluster } from './cluster.mjs';
import { prepareTemplate } from './template.mjs';
import { noteEvents } from './written-events.mjs';

export default async function globalSetup() {
  await generate();
  noteEvents();
  const cluster = await takeCluster();
  taken.cluster = cluster;
  try {
    process.env.LUMI_TEST_CLUSTER = JSON.stringify(await prepareTemplate(cluster.ownerUrl));
  } catch (err) {
    // Jest does not run the teardown after a failed setup.
    await cluster.stop();
    throw err;
  }
}
