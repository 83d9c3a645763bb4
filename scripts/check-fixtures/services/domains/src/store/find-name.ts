// must fail: lumi/raw-sql-says-why: Use the typed client
export function findName(db: { $queryRaw(text: TemplateStringsArray, id: string): Promise<unknown> }, id: string) {
  return db.$queryRaw`SELECT name FROM domains.domain WHERE id = ${id}`;
}
