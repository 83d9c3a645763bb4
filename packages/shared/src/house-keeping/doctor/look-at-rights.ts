// The rights of each database role, against docs/architecture.md: too many are a hole, too few a process that fails.
// They are read from the catalogue, as lumi_admin: nothing is tried.
import type pg from 'pg';
import { ROLES, type Role } from '../../base/db';
import { PRODUCTS } from '../../ground/contract';
import { fail, ok, type Finding } from './finding';

interface RoleRow {
  readonly name: string;
  readonly attributes: readonly string[];
  readonly member_of: readonly string[];
  readonly owns: readonly string[];
  readonly limits: readonly string[];
  readonly may_create: readonly string[];
}

interface TableRow {
  readonly role: Role;
  readonly schema: string;
  readonly name: string;
  readonly rights: readonly string[];
}

interface FunctionRow {
  readonly name: string;
  readonly role: Role;
}

const SCHEMAS = ['platform', ...PRODUCTS, 'queue'];
const LIMITS = ['lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout'];
/** What services may write themselves in `platform`; all else is written by functions. */
const WRITABLE: Readonly<Record<string, readonly string[]>> = {
  operation_secret: ['INSERT'],
  outbox: ['INSERT'],
  payment_hint: ['INSERT'],
  quote: ['INSERT'],
  quote_line: ['INSERT'],
  quote_use: ['INSERT'],
  webhook: ['UPDATE'],
  sync_turn: ['INSERT', 'UPDATE', 'DELETE'],
};
/** What operators' routes show of a product's own tables. */
const SHOWN_TO_OPERATORS: Readonly<Record<string, readonly string[]>> = {
  proxy: ['node', 'node_exit', 'access_change', 'own_stock'],
};
/** Without this function the role's process cannot do its work. */
const NEEDED: Readonly<Record<Role, string>> = {
  lumi_gateway: 'touch_keys',
  lumi_domains: 'purchase_begin',
  lumi_vps: 'purchase_begin',
  lumi_proxy: 'purchase_begin',
  lumi_admin: 'key_issue',
};

/** One line for each role. */
export async function lookAtRights(db: pg.Client): Promise<readonly Finding[]> {
  const roles = await rolesOf(db);
  const tables = await tablesOf(db);
  const functions = await functionsOf(db);
  const publics = await openToAll(db);
  return [
    ...ROLES.map((role) => {
      const row = roles.find(({ name }) => name === role);
      if (row === undefined)
        return fail(`rights: the role ${role} is missing`, 'run `migrate --product platform`, or npm start once');
      const faults = [
        ...ofRole(row),
        ...tables.filter((table) => table.role === role).flatMap(tooMany),
        ...tooFew(role, tables, functions),
      ];
      return faults.length === 0
        ? ok(`rights: ${role} has what docs/architecture.md says`)
        : fail(`rights: ${role} ${faults.slice(0, 3).join('; ')}${faults.length > 3 ? '; …' : ''}`, REPAIR);
    }),
    publics.length === 0
      ? ok('rights: nothing of Lumi is open to every role')
      : fail(`rights: every role may use ${publics.slice(0, 3).join(', ')}`, `revoke it from PUBLIC; ${REPAIR}`),
  ];
}

const REPAIR = 'take away (REVOKE) what is too much; `migrate --product platform` gives what is missing';

function ofRole({ attributes, member_of: groups, owns, limits, may_create: creates }: RoleRow): string[] {
  const absent = LIMITS.filter((limit) => limits.every((one) => !one.startsWith(`${limit}=`)));
  return [
    ...attributes.map((attribute) => `is ${attribute}`),
    ...groups.map((group) => `is a member of ${group}`),
    ...owns.map((table) => `owns ${table}`),
    ...creates.map((schema) => `may create in ${schema}`),
    ...(absent.length === 0 ? [] : [`has no ${absent.join(', ')}`]),
  ];
}

/** What a role may do to a table and should not. */
function tooMany({ role, schema, name, rights }: TableRow): string[] {
  const allowed = allowedOn(role, schema, name);
  const more = rights.filter((right) => !allowed.includes(right));
  return more.length === 0 ? [] : [`may ${more.join(', ')} ${schema}.${name}`];
}

function allowedOn(role: Role, schema: string, name: string): readonly string[] {
  if (role === 'lumi_gateway') return name === 'api_key' ? ['SELECT'] : [];
  if (role === 'lumi_admin')
    return schema === 'platform' || SHOWN_TO_OPERATORS[schema]?.includes(name) === true ? ['SELECT'] : [];
  if (schema === 'platform') return ['SELECT', ...(WRITABLE[name] ?? [])];
  return schema === 'queue' || role === `lumi_${schema}` ? ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] : [];
}

function tooFew(role: Role, tables: readonly TableRow[], functions: readonly FunctionRow[]): string[] {
  const needed = NEEDED[role];
  const product = PRODUCTS.find((one) => role === `lumi_${one}`);
  const reads = (schema: string): boolean => tables.some((one) => one.role === role && one.schema === schema);
  return [
    ...(functions.some((one) => one.role === role && one.name === needed) ? [] : [`may not call ${needed}`]),
    ...(product === undefined || reads(product) ? [] : [`reads nothing of the schema ${product}`]),
  ];
}

async function rolesOf(db: pg.Client): Promise<RoleRow[]> {
  const { rows } = await db.query<RoleRow>(
    `SELECT r.rolname AS name,
      array_remove(ARRAY[CASE WHEN rolsuper THEN 'a superuser' END,
        CASE WHEN rolbypassrls THEN 'above row security' END,
        CASE WHEN rolcreaterole THEN 'allowed to make roles' END,
        CASE WHEN rolcreatedb THEN 'allowed to make databases' END,
        CASE WHEN rolreplication THEN 'allowed to replicate' END, CASE WHEN NOT rolcanlogin THEN 'not allowed to log in'
        END], NULL) AS attributes,
      ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)
        AS member_of,
      ARRAY(SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relowner = r.oid AND n.nspname = ANY ($2) AND c.relkind IN ('r', 'p')) AS owns,
      ARRAY(SELECT n.nspname::text FROM pg_namespace n WHERE n.nspname = ANY ($2 || ARRAY['public'])
        AND has_schema_privilege(r.oid, n.oid, 'CREATE')) AS may_create,
      coalesce(rolconfig, '{}') AS limits
    FROM pg_roles r WHERE r.rolname = ANY ($1)`,
    [ROLES, SCHEMAS],
  );
  return rows;
}

async function tablesOf(db: pg.Client): Promise<TableRow[]> {
  const { rows } = await db.query<TableRow>(
    `SELECT * FROM (SELECT r.rolname::text AS role, n.nspname::text AS schema, c.relname::text AS name,
        array_remove(ARRAY[
          CASE WHEN has_any_column_privilege(r.oid, c.oid, 'SELECT') THEN 'SELECT' END,
          CASE WHEN has_any_column_privilege(r.oid, c.oid, 'INSERT') THEN 'INSERT' END,
          CASE WHEN has_any_column_privilege(r.oid, c.oid, 'UPDATE') THEN 'UPDATE' END,
          CASE WHEN has_table_privilege(r.oid, c.oid, 'DELETE') THEN 'DELETE' END,
          CASE WHEN has_table_privilege(r.oid, c.oid, 'TRUNCATE') THEN 'TRUNCATE' END,
          CASE WHEN has_table_privilege(r.oid, c.oid, 'TRIGGER') THEN 'TRIGGER' END], NULL) AS rights
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_roles r
      WHERE n.nspname = ANY ($2) AND c.relkind IN ('r', 'p', 'v') AND r.rolname = ANY ($1)
        AND has_schema_privilege(r.oid, n.oid, 'USAGE')) t WHERE cardinality(rights) > 0`,
    [ROLES, SCHEMAS],
  );
  return rows;
}

async function functionsOf(db: pg.Client): Promise<FunctionRow[]> {
  const { rows } = await db.query<FunctionRow>(
    `SELECT p.proname::text AS name, r.rolname::text AS role FROM pg_proc p, pg_roles r
      WHERE p.pronamespace = to_regnamespace('platform') AND r.rolname = ANY ($1) AND p.proname = ANY ($2)
        AND has_schema_privilege(r.oid, p.pronamespace, 'USAGE') AND has_function_privilege(r.oid, p.oid, 'EXECUTE')`,
    [ROLES, Object.values(NEEDED)],
  );
  return rows;
}

/** Tables, and functions that work as the owner, which every role of the server may use. */
async function openToAll(db: pg.Client): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        aclexplode(c.relacl) a WHERE n.nspname = ANY ($1) AND a.grantee = 0 AND c.relkind IN ('r', 'p', 'v')
      UNION SELECT n.nspname || '.' || p.proname || '()' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
        aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      WHERE n.nspname = ANY ($1) AND a.grantee = 0 AND (p.prosecdef OR n.nspname = 'platform') ORDER BY 1`,
    [SCHEMAS],
  );
  return rows.map(({ name }) => name);
}
