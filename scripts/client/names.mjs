// The place of an operation in the client: `buy-domain` of `POST /domains` is `client.domains.buy`. The resource is the
// first segment of the path; the method is the operation's id without the resource's own name. The first word of an id
// stays, because it is the verb.

/** @typedef {{ readonly id: string; readonly path: string }} Named */

/**
 * `resource.method` for each operation. Two operations that would be one method (`sync-domain`, `sync-domains`) differ
 * in number: the plural has its whole id as its name.
 *
 * @param {readonly Named[]} operations of one product
 * @returns {Map<string, string>} by operation id
 */
export function clientNames(operations) {
  /** @type {Map<string, Named[]>} */
  const byName = new Map();
  for (const operation of operations) {
    const name = `${resourceOf(operation)}.${shortName(operation)}`;
    byName.set(name, [...(byName.get(name) ?? []), operation]);
  }
  const names = new Map();
  for (const [name, same] of byName) {
    const shortest = [...same].sort((a, b) => a.id.length - b.id.length || (a.id < b.id ? -1 : 1))[0];
    for (const operation of same)
      names.set(operation.id, operation === shortest ? name : `${resourceOf(operation)}.${camelCase(operation.id)}`);
  }
  return names;
}

/** @param {Named} operation */
function resourceOf({ path }) {
  return camelCase(firstSegment(path).replace(/\..*$/, ''));
}

/** @param {Named} operation */
function shortName({ id, path }) {
  const segment = firstSegment(path);
  // An operator's methods are about many things, so their names say which.
  if (segment === 'admin') return camelCase(id);
  const [verb = '', ...rest] = id.split('-');
  const own = segment.replace(/\..*$/, '').split('-');
  const forms = [own, [...own.slice(0, -1), singular(own.at(-1) ?? '')]];
  let words = rest;
  for (const form of forms) words = without(words, form);
  while (['to', 'from'].includes(words.at(-1) ?? '')) words = words.slice(0, -1);
  return camelCase([verb, ...words].join('-'));
}

/** @param {string} path */
function firstSegment(path) {
  return path.split('/')[1] ?? '';
}

/**
 * @param {readonly string[]} words
 * @param {readonly string[]} taken
 */
function without(words, taken) {
  const at = words.findIndex((_, index) => taken.every((word, offset) => words[index + offset] === word));
  return at === -1 ? [...words] : [...words.slice(0, at), ...words.slice(at + taken.length)];
}

/** @param {string} word */
function singular(word) {
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (/(ch|sh|x)es$/.test(word)) return word.slice(0, -2);
  return word.replace(/s$/, '');
}

/** @param {string} text */
export function camelCase(text) {
  return text.replace(/[-_]+([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}
