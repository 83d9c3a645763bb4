// How a database follows its function files.
import { functionFolder, one } from './test/function-folder';

const at = functionFolder();
const { migration, fn, remove, run, value, functionsOf, triggersOf } = at;

describe('function files', () => {
  it('are found in every room, applied once, and applied again when they change', async () => {
    await fn('a/sql/one.sql', one('1'));
    await fn('b/deep/sql/two.sql', one('2', 'two() RETURNS int'));
    await fn('b/deep/not-sql/three.sql', one('3', 'three() RETURNS int'));
    expect(await run()).toEqual(['20260101000000_init', 'a/sql/one.sql', 'b/deep/sql/two.sql']);
    expect(await run()).toEqual([]);
    await fn('a/sql/one.sql', one('11'));
    expect(await run()).toEqual(['a/sql/one.sql']);
    expect(await value('SELECT one()')).toBe(11);
    expect(await functionsOf()).toEqual(['one()', 'two()']);
  });

  it('may call functions that come later in the order', async () => {
    await fn('a/sql/one.sql', one('two() + (SELECT count(*)::int FROM item)'));
    await fn('b/sql/two.sql', one('2', 'two() RETURNS int'));
    await run();
    expect(await value('SELECT one()')).toBe(2);
  });

  it('are refused together with their migrations when one of them does not compile', async () => {
    await fn('a/sql/one.sql', one('1'));
    await run();
    await migration('20260102000000_more', 'CREATE TABLE more (id int)');
    await fn('a/sql/one.sql', one('missing()'));
    await expect(run()).rejects.toThrow(
      /^A function of schema shelf_\d+ does not compile: function missing\(\) does not exist/,
    );
    await fn('a/sql/one.sql', 'CREATE FUNCTION one() RETURNS nonsense LANGUAGE sql AS $$ SELECT 1 $$');
    await expect(run()).rejects.toThrow(
      /^The function file a\/sql\/one\.sql of schema shelf_\d+ failed: type "nonsense" does not exist/,
    );
    expect(await value(`SELECT to_regclass('more')::text`)).toBeNull();
    expect(await value('SELECT one()')).toBe(1);
    await fn('a/sql/one.sql', one('(SELECT count(*)::int FROM more)'));
    expect(await run()).toEqual(['20260102000000_more', 'a/sql/one.sql']);
  });

  it('must make one function of their name, and a function has one file', async () => {
    await fn('a/sql/one.sql', one('1', 'other() RETURNS int'));
    await expect(run()).rejects.toThrow(
      'The function file a/sql/one.sql must make one function, one, and makes none of that name.',
    );
    await fn('a/sql/one.sql', one('1'));
    await fn('b/sql/one.sql', one('2'));
    await expect(run()).rejects.toThrow(
      'The function one stands in two files, a/sql/one.sql and b/sql/one.sql. Keep one.',
    );
  });

  it('that are deleted drop their function and its triggers, unless an object still needs it', async () => {
    const guard = (name: string): string =>
      `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW;
        END $$;\nCREATE TRIGGER item_guard BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION ${name}();\n`;
    await fn('a/sql/guard.sql', guard('guard'));
    await fn('a/sql/one.sql', one('1'));
    await run();
    await remove('src/a/sql/guard.sql');
    await fn('b/sql/better_guard.sql', guard('better_guard'));
    await run();
    expect(await functionsOf()).toEqual(['better_guard()', 'one()']);
    expect(await triggersOf()).toEqual(['item_guard']);
    await at.owner.query(`ALTER TABLE ${at.schema}.item ADD COLUMN n int DEFAULT ${at.schema}.one()`);
    await remove('src/a/sql/one.sql');
    await expect(run()).rejects.toThrow(/cannot drop function one\(\) because other objects depend on it/);
  });

  it('give exactly the grants they state, also when they state fewer than before', async () => {
    const may = (role: string): Promise<unknown> =>
      value(`SELECT has_function_privilege('${role}', 'one()', 'EXECUTE')`);
    await fn(
      'a/sql/one.sql',
      `${one('1')}REVOKE ALL ON FUNCTION one FROM PUBLIC;\nGRANT EXECUTE ON FUNCTION one TO lumi_vps, lumi_proxy;\n`,
    );
    await run();
    expect([await may('lumi_vps'), await may('lumi_proxy'), await may('lumi_domains')]).toEqual([true, true, false]);
    await fn(
      'a/sql/one.sql',
      `${one('1')}REVOKE ALL ON FUNCTION one FROM PUBLIC;\nGRANT EXECUTE ON FUNCTION one TO lumi_vps;\n`,
    );
    await run();
    expect([await may('lumi_vps'), await may('lumi_proxy'), await may('lumi_domains')]).toEqual([true, false, false]);
  });

  it('drop a trigger they no longer state, and make a trigger again when its table was made anew', async () => {
    const guard = (...events: string[]): string =>
      `CREATE OR REPLACE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL;
        END $$;\n${events
          .map(
            (event) => `CREATE TRIGGER item_${event} AFTER ${event} ON item
          FOR EACH ROW EXECUTE FUNCTION guard();\n`,
          )
          .join('')}`;
    await fn('a/sql/guard.sql', guard('insert', 'update'));
    await run();
    await fn('a/sql/guard.sql', guard('update'));
    await run();
    expect(await triggersOf()).toEqual(['item_update']);
    await migration('20260102000000_anew', 'DROP TABLE item; CREATE TABLE item (id text PRIMARY KEY, price bigint)');
    expect(await run()).toEqual(['20260102000000_anew', 'a/sql/guard.sql']);
    expect(await triggersOf()).toEqual(['item_update']);
  });

  describe('a function file with another signature', () => {
    it('replaces the function: other arguments, other argument names, another result', async () => {
      await fn('a/sql/one.sql', one('p_a', 'one(p_a int) RETURNS int'));
      await fn('a/sql/two.sql', one('one(2)', 'two() RETURNS int'));
      await run();
      for (const signature of [
        'one(p_a int, p_b int DEFAULT 0) RETURNS int',
        'one(p_a int, p_c int DEFAULT 0) RETURNS int',
        'one(p_a int) RETURNS int',
      ]) {
        await fn('a/sql/one.sql', one('p_a + 1', signature));
        await run();
        expect(await functionsOf()).toEqual([
          signature.replace(/ (DEFAULT 0|RETURNS \w+)/g, '').replaceAll(' int', ' integer'),
          'two()',
        ]);
        expect(await value('SELECT two()')).toBe(3);
      }
    });

    it('restores the policies and views that call the function, from whichever file makes them', async () => {
      await fn('a/sql/mine.sql', one('true', 'mine(p_a text) RETURNS boolean'));
      const policy =
        'ALTER TABLE item ENABLE ROW LEVEL SECURITY;\nDROP POLICY IF EXISTS own ON item;\nCREATE POLICY own ' +
        'ON item USING (mine(id));\n';
      await fn(
        'b/sql/two.sql',
        `${one('2', 'two() RETURNS int')}${policy}CREATE OR REPLACE VIEW own_item AS SELECT id FROM item ` +
          `WHERE mine(id);\n`,
      );
      await run();
      await fn('a/sql/mine.sql', one('p_b IS NULL', 'mine(p_a text, p_b text DEFAULT NULL) RETURNS boolean'));
      await run();
      expect(
        await value(`SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = 'item'::regclass`),
      ).toBe('mine(id)');
      expect(await value('SELECT count(*)::int FROM own_item')).toBe(0);
    });

    it('is refused when an object that calls the function would be lost', async () => {
      await fn('a/sql/mine.sql', one('true', 'mine(p_a text) RETURNS boolean'));
      await run();
      await at.owner.query(`CREATE POLICY own ON ${at.schema}.item USING (${at.schema}.mine(id))`);
      await fn('a/sql/mine.sql', one('true', 'mine(p_a text, p_b text) RETURNS boolean'));
      await expect(run()).rejects.toThrow(
        /what calls it stands in no function file: policy own on table \S*item\. Move it to the file of the function\./,
      );
      await at.owner.query(
        `DROP POLICY own ON ${at.schema}.item; ALTER TABLE ${at.schema}.item ADD CHECK (${at.schema}.mine(id))`,
      );
      await expect(run()).rejects.toThrow(/cannot drop function mine\(text\) because other objects depend on it/);
    });
  });

  it('of older code leaves those of a newer database unchanged', async () => {
    await fn('a/sql/one.sql', one('1'));
    await run();
    await migration('20260102000000_more', 'CREATE TABLE more (id int)');
    await fn('a/sql/one.sql', one('(SELECT count(*)::int FROM more)'));
    await run();
    await remove('migrations/20260102000000_more');
    await fn('a/sql/one.sql', one('1'));
    expect(await run()).toEqual([]);
    expect(await value('SELECT one()')).toBe(0);
  });

  it('is applied once when several processes start together', async () => {
    await fn('a/sql/one.sql', one('1'));
    expect((await Promise.all([run(), run(), run()])).flat()).toEqual(['20260101000000_init', 'a/sql/one.sql']);
  });
});
