// Describes a database as lines of text that are equal for equal databases: schemas, tables with their columns,
// defaults and constraints, indexes, triggers, policies, sequences, types, functions, grants, memberships of roles, and
// the rows that migrations wrote. Owners appear as `owner`, because their name differs between installations.

const SCHEMAS = ['platform', 'domains', 'vps', 'proxy'];

const QUERIES = {
  schemas: `SELECT n.nspname AS name, %OWNER(n.nspowner)% AS owner, %ACL(n.nspacl,'n',n.nspowner)% AS acl
    FROM pg_namespace n WHERE n.nspname = ANY ($1)`,
  tables: `SELECT c.oid::regclass::text AS name, c.relkind, %OWNER(c.relowner)% AS owner, c.relrowsecurity,
    c.relforcerowsecurity, c.relpersistence, c.reloptions, obj_description(c.oid, 'pg_class') AS comment,
      %ACL(c.relacl,CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",c.relowner)% AS acl, CASE
        WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS view
    FROM pg_class c WHERE c.relnamespace = ANY ($1::regnamespace[])
      AND c.relkind IN ('r', 'v', 'm', 'p', 'S') %NOT_OURS(c.oid)%`,
  // The position of a column among the existing ones: a dropped column leaves a gap in the numbers.
  columns: `SELECT a.attrelid::regclass::text || '.' || a.attname AS name, row_number() OVER (PARTITION BY a.attrelid
    ORDER BY a.attnum) AS place, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.attidentity,
      a.attgenerated,
      pg_get_expr(d.adbin, d.adrelid) AS "default", co.collname, col_description(a.attrelid, a.attnum) AS comment,
        %ACL(a.attacl,'c',c.relowner)% AS acl
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid
      AND d.adnum = a.attnum LEFT JOIN pg_collation co ON co.oid = a.attcollation
    WHERE c.relnamespace = ANY ($1::regnamespace[]) AND c.relkind IN ('r', 'v', 'm', 'p') AND a.attnum > 0
      AND NOT a.attisdropped %NOT_OURS(c.oid)%`,
  constraints: `SELECT c.conrelid::regclass::text || ' ' || c.conname AS name, c.contype,
    pg_get_constraintdef(c.oid) AS text, c.convalidated, c.condeferrable, c.condeferred
    FROM pg_constraint c WHERE c.connamespace = ANY ($1::regnamespace[]) AND c.contype <> 't' %NOT_OURS(c.conrelid)%`,
  indexes: `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS text, i.indisunique,
    i.indisprimary, i.indisvalid, i.indnullsnotdistinct
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = ANY ($1::regnamespace[])
      %NOT_OURS(c.oid)%`,
  triggers: `SELECT t.tgrelid::regclass::text || ' ' || t.tgname AS name, pg_get_triggerdef(t.oid) AS text, t.tgenabled
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = ANY ($1::regnamespace[])
      AND NOT t.tgisinternal`,
  policies: `SELECT p.polrelid::regclass::text || ' ' || p.polname AS name, p.polcmd, p.polpermissive,
    ARRAY(SELECT pg_get_userbyid(r) FROM unnest(p.polroles) r ORDER BY 1) AS roles,
      pg_get_expr(p.polqual, p.polrelid) AS "using", pg_get_expr(p.polwithcheck, p.polrelid) AS "check"
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = ANY ($1::regnamespace[])`,
  sequences: `SELECT s.seqrelid::regclass::text AS name, format_type(s.seqtypid, NULL) AS type, s.seqstart,
    s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
      (SELECT d.refobjid::regclass::text || '.' || a.attname FROM pg_depend d JOIN pg_attribute a
        ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass
          AND d.objid = s.seqrelid AND d.deptype IN ('a', 'i')) AS owned_by
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = ANY ($1::regnamespace[])`,
  types: `SELECT t.oid::regtype::text AS name, t.typtype, ARRAY(SELECT e.enumlabel FROM pg_enum e
    WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE t.typnamespace = ANY ($1::regnamespace[])
      AND t.typelem = 0 AND (c.oid IS NULL OR c.relkind = 'c')`,
  functions: `SELECT p.oid::regprocedure::text AS name, pg_get_functiondef(p.oid) AS text, %OWNER(p.proowner)% AS owner,
    p.prosecdef, p.provolatile, p.proisstrict, p.proparallel, p.proleakproof, p.proconfig,
      %ACL(p.proacl,'f',p.proowner)% AS acl, obj_description(p.oid, 'pg_proc') AS comment
    FROM pg_proc p WHERE p.pronamespace = ANY ($1::regnamespace[]) AND p.prokind = 'f'`,
  'default privileges': `SELECT concat(n.nspname, ' ', d.defaclobjtype) AS name,
    %ACL(d.defaclacl,d.defaclobjtype,d.defaclrole)% AS acl FROM pg_default_acl d LEFT JOIN pg_namespace n
      ON n.oid = d.defaclnamespace WHERE n.nspname = ANY ($1)`,
  'roles, memberships': `SELECT r.rolname AS name, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb,
    r.rolcanlogin, r.rolbypassrls, r.rolreplication, r.rolconfig, ARRAY(SELECT pg_get_userbyid(m.roleid)
      FROM pg_auth_members m WHERE m.member = r.oid ORDER BY 1) AS member_of
    FROM pg_roles r WHERE r.rolname LIKE 'lumi\\_%' AND $1::text[] IS NOT NULL`,
};

/** The columns that are left out of a table's rows: the moment they were written. */
const TIMES = /^(created_at|updated_at|checked_at|applied_at)$/;

/** @typedef {Record<string, string>} Section texts by name */
/** @typedef {Record<string, Section>} Catalogue */

/**
 * The sections of the database that `client` is the owner of.
 *
 * @param {import('pg').Client} client
 * @returns {Promise<Catalogue>}
 */
export async function catalogueOf(client) {
  await client.query('SET search_path = pg_catalog');
  /** @type {Catalogue} */
  const catalogue = {};
  for (const [section, query] of Object.entries(QUERIES)) {
    /** @type {import('pg').QueryResult<{ name: string }>} */
    const { rows } = await client.query(expand(query), [SCHEMAS]);
    catalogue[section] = Object.fromEntries(
      rows.map(({ name, ...rest }) => [
        name,
        Object.entries(rest)
          .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
          .join('\n'),
      ]),
    );
  }
  const tables = Object.entries(catalogue.tables ?? {}).filter(([, text]) => /^relkind: r$/m.test(text));
  catalogue.rows = await rowsOf(
    client,
    tables.map(([name]) => name),
  );
  return catalogue;
}

/**
 * @param {import('pg').Client} client
 * @param {readonly string[]} tables
 */
async function rowsOf(client, tables) {
  /** @type {Section} */
  const found = {};
  for (const table of tables) {
    /** @type {import('pg').QueryResult<{ row: Record<string, unknown> }>} */
    const { rows } = await client.query(`SELECT to_jsonb(t) AS row FROM ${table} t`);
    if (rows.length === 0) continue;
    found[table] = rows
      .map(({ row }) => JSON.stringify(Object.fromEntries(Object.entries(row).filter(([key]) => !TIMES.test(key)))))
      .sort()
      .join('\n');
  }
  return found;
}

/**
 * Sections with how many entries are equal, and each entry that is not.
 *
 * @param {Catalogue} a
 * @param {Catalogue} b
 */
export function compare(a, b) {
  return Object.entries(a).map(([section, ofA]) => {
    const ofB = b[section] ?? {};
    const names = [...new Set([...Object.keys(ofA), ...Object.keys(ofB)])].sort();
    const different = names.filter((name) => ofA[name] !== ofB[name]);
    return {
      section,
      equal: names.length - different.length,
      different: different.map((name) => ({ name, a: ofA[name], b: ofB[name] })),
    };
  });
}

/** @param {string} query */
function expand(query) {
  return (
    query
      .replaceAll(
        /%OWNER\(([^)]*)\)%/g,
        (_, owner) =>
          `CASE WHEN ${owner} = (SELECT datdba FROM pg_database WHERE datname = current_database()) THEN ` +
          `'owner' ELSE pg_get_userbyid(${owner}) END`,
      )
      // Without a statement, the owner and PUBLIC have the default rights, which may also be stated explicitly.
      .replaceAll(
        /%ACL\((.*?),(.*?),([\w.]*)\)%/g,
        (_, acl, type, owner) =>
          `ARRAY(SELECT (CASE WHEN x.grantee = 0 THEN 'PUBLIC' WHEN x.grantee = ${owner} THEN 'owner' ELSE ` +
          `pg_get_userbyid(x.grantee) END) || ' ' || x.privilege_type || CASE WHEN x.is_grantable THEN ' ` +
          `grantable' ELSE '' END FROM aclexplode(coalesce(${acl}, ` +
          `${type === "'c'" ? 'NULL' : `acldefault(${type}, ${owner})`})) x ORDER BY 1)`,
      )
      .replaceAll(
        /%NOT_OURS\(([^)]*)\)%/g,
        (_, oid) =>
          `AND coalesce((SELECT k.relname FROM pg_class k WHERE k.oid = ${oid}), '') NOT IN ` +
          `('_prisma_migrations', '_functions')`,
      )
  );
}
