/** The code of a region or city, as orders and user names have it: `New York` is `new-york`. */
export function placeCode(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
