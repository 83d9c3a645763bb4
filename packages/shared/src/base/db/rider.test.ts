// Riders that must not compile: `npm run check` fails when one of the lines marked ts-expect-error does compile.
import { sql } from './database';
import { fromStep, rider, usingStep, type Rider, type RiderOf, type AnyStepDone } from './rider';

const take = (statement: Rider<'begun'>): string => statement.text;

it("a rider reads its step with the step's condition, and may read other tables", () => {
  expect(take(rider`UPDATE a SET b = ${1} ${fromStep('begun')} AND c = ${2}`)).toBe(
    "UPDATE a SET b = $1 FROM begun WHERE begun.outcome = 'held' AND c = $2",
  );
  expect(
    rider`INSERT INTO a SELECT x.b ${fromStep('settled', sql`jsonb_to_recordset(${'[]'}::jsonb) AS x(b int)`)}`.text,
  ).toBe('INSERT INTO a SELECT x.b FROM settled, jsonb_to_recordset($1::jsonb) AS x(b int) WHERE settled.settled');
  expect(rider`DELETE FROM a ${usingStep('finished')} AND b = ${3}`).toMatchObject({
    text: 'DELETE FROM a USING finished WHERE finished.finished AND b = $1',
    values: [3],
  });
});

it('a statement without its step, or on another step, is not a rider of the hold', () => {
  const shared = <Done extends AnyStepDone>(done: Done): RiderOf<Done> => rider`UPDATE a SET b = 1 ${done}`;
  take(shared(fromStep('begun')));
  // @ts-expect-error it reads no step
  take(sql`UPDATE a SET b = 1`);
  // @ts-expect-error it reads no step, whatever made it
  take(rider`UPDATE a SET b = ${1}`);
  // @ts-expect-error the condition is written by hand
  take(sql`UPDATE a SET b = 1 FROM begun WHERE begun.outcome = 'held'`);
  // @ts-expect-error it reads the settlement
  take(rider`UPDATE a SET b = 1 ${fromStep('settled')}`);
  // @ts-expect-error the same through a function for several steps
  take(shared(fromStep('settled')));
});
