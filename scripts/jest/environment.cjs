// Node's environment plus a step that jest lacks: after the last hook of a file. Jest runs afterAll hooks in the order
// of their definition, so a leak check among them would run before the file's own hooks have closed their connections.
// Tests are also told which of them were asked for by name (`-t`), if any: the sweep shares its time among them.
const { TestEnvironment } = require('jest-environment-node');

/** @typedef {() => Promise<void>} Close */

/**
 * What the test file asked to be closed.
 *
 * @param {object} global
 * @returns {Close[]}
 */
function closersIn(global) {
  return 'lumiFileClosers' in global && Array.isArray(global.lumiFileClosers) ? [...global.lumiFileClosers] : [];
}

class LumiEnvironment extends TestEnvironment {
  hasFailure = false;

  /**
   * @param {ConstructorParameters<typeof TestEnvironment>[0]} config
   * @param {ConstructorParameters<typeof TestEnvironment>[1]} context
   */
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, { lumiTestNamePattern: config.globalConfig.testNamePattern });
  }

  /** @param {{ readonly name: string; readonly test?: { readonly errors: readonly unknown[] } }} event */
  async handleTestEvent(event) {
    if (event.name === 'hook_failure' || (event.name === 'test_done' && (event.test?.errors.length ?? 0) > 0))
      this.hasFailure = true;
    if (event.name === 'run_finish') await this.closeFile();
  }

  async closeFile() {
    /** @type {unknown[]} */
    const faults = [];
    for (const close of closersIn(this.global).reverse()) {
      await close().catch((err) => faults.push(err));
    }
    // A leak after a failed test is its consequence: thrown here, it would hide the failure itself.
    if (faults.length > 0 && !this.hasFailure) throw faults[0];
  }
}

module.exports = LumiEnvironment;
