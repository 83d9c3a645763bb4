// One statement asks for all loops of a worker whether they have work, instead of a statement for each several times a
// second: three workers without work took 6 % of a core.
import { joinSql, sql, type Sql, type SqlRunner } from '../../base/db';

const EVERY_MS = 250;
/** A worker that found no work in so many rounds (ten seconds) asks once a second, until it finds some. */
const IDLE_ROUNDS = 40;
const IDLE_EVERY_MS = 1_000;

export interface AgendaItem {
  readonly due: () => Sql;
  wake(): void;
}

export function agendaOf(db: SqlRunner, items: readonly AgendaItem[]) {
  let emptyRounds = 0;
  return {
    name: 'agenda',
    get everyMs() {
      return emptyRounds > IDLE_ROUNDS ? IDLE_EVERY_MS : EVERY_MS;
    },
    run: async (): Promise<boolean> => {
      emptyRounds += 1;
      if (items.length === 0) return false;
      // Raw SQL: conditions of several tables in one statement, prepared once.
      const [row] = await db.$queryRaw<{ due: boolean[] }[]>(
        sql`SELECT ARRAY[${joinSql(items.map(({ due }) => due()))}] AS due`,
      );
      items.forEach(({ wake }, index) => {
        if (row?.due[index] !== true) return;
        emptyRounds = 0;
        wake();
      });
      return false;
    },
  };
}
