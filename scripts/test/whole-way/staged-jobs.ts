// The work that waits in the outbox, without a queue.
import type pg from 'pg';
import type { JobControl, JobDefinition } from '@lumi/shared/jobs';
import type { Service } from '@lumi/shared/service';

/** Runs the staged jobs here and now, one after the other, with the jobs that these wake. */
export async function runStaged(owner: pg.Pool, { product }: Service, jobs: readonly JobDefinition[]): Promise<void> {
  const { rows } = await owner.query<{ name: string; payload: Readonly<Record<string, string>> }>(
    'DELETE FROM platform.outbox WHERE product = $1 RETURNING name, payload',
    [product],
  );
  const waiting = [...rows];
  const control: JobControl = {
    signal: new AbortController().signal,
    wake: (name, payload) => {
      waiting.push({ name, payload });
      return Promise.resolve();
    },
  };
  for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
    const { name, payload } = job;
    const definition = jobs.find((known) => known.name === name);
    if (definition === undefined) throw new Error(`no code knows the job ${name}`);
    await definition.run(definition.payload.parse(payload) as never, control);
  }
}
