// Whether a process and the platform's schema fit. They are released apart: each tells its version and the oldest of
// the other that it works with. See README.md.

interface PlatformSchema {
  readonly version: number;
  /** The oldest version whose processes this schema still serves. */
  readonly serves: number;
}

/** `version` is that of sql/platform_schema.sql in the same commit; `needs` is the oldest schema this code works on. */
export const PLATFORM_SCHEMA = { version: 6, needs: 6 } as const;

/** A pool, or one of its connections. */
export interface Queryable {
  query(text: string): Promise<{ rows: unknown[] }>;
}

/** Null: no platform here, or one from before there were versions. */
export async function readPlatformSchema(db: Queryable): Promise<PlatformSchema | null> {
  try {
    const { rows } = await db.query('SELECT version, serves FROM platform.platform_schema()');
    return (rows[0] as PlatformSchema | undefined) ?? null; // the function's two results
  } catch (err) {
    // 42883: no such function, 3F000: no such schema.
    if (err instanceof Error && 'code' in err && ['42883', '3F000'].includes(String(err.code))) return null;
    throw err;
  }
}

/**
 * The sentence for a process (or the migrations of a product) that must not run on this schema; null when they fit.
 *
 * @param who whose code it is, as the subject of the sentence: "the vps service"
 */
export function refusalOfPlatform(
  found: PlatformSchema | null,
  who: string,
  own: { readonly version: number; readonly needs: number } = PLATFORM_SCHEMA,
): string | null {
  if (found === null || found.version < own.needs)
    return (
      `The platform's schema is too old: it has version ${found?.version ?? 0}, ${who} needs ${own.needs} or newer. ` +
      'Run `migrate --product platform` of this release first, or go back to the release before.'
    );
  if (found.serves > own.version)
    return (
      `The platform's schema is too new: it has version ${found.version} and serves processes of ${found.serves} or ` +
      `newer, ${who} has ${own.version}. Use a newer release; the schema is not taken back.`
    );
  return null;
}
