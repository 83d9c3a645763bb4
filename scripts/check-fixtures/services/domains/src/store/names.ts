// Raw SQL: said for the whole file, which also calls the typed client.
// must fail: lumi/raw-sql-says-why: In a file without calls of the typed client
interface Names {
  $executeRaw(text: TemplateStringsArray): Promise<number>;
  readonly domain: { findMany(): Promise<unknown[]> };
}

export async function names(db: Names): Promise<unknown[]> {
  await db.$executeRaw`UPDATE domains.domain SET locked = true`;
  return db.domain.findMany();
}
