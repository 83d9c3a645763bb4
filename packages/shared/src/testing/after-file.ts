// Functions that run when a test file is over, after all its hooks, the last registered first. The environment of our
// jest configuration calls them (scripts/jest/environment.cjs); an error in one of them fails the file.

declare global {
  var lumiFileClosers: (() => Promise<void>)[] | undefined;
}

export function afterFile(close: () => Promise<void>): void {
  globalThis.lumiFileClosers ??= [];
  globalThis.lumiFileClosers.push(close);
}
