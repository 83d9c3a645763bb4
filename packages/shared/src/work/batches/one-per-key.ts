// A key can have many long requests in work, and each of them sends hundreds of statements to the database. A key does
// one of them at a time: otherwise the requests of others would wait behind all of them for a connection, and all of
// them would end late.
const lanes = new Map<string, Promise<void>>();

/** In the order of the calls. */
export async function onePerKey<T>(lineageId: string, work: () => Promise<T>): Promise<T> {
  const mine = (lanes.get(lineageId) ?? Promise.resolve()).then(work);
  const over = mine.then(
    () => undefined,
    () => undefined,
  );
  lanes.set(lineageId, over);
  try {
    return await mine;
  } finally {
    if (lanes.get(lineageId) === over) lanes.delete(lineageId);
  }
}
