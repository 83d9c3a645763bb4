// Node's environment plus a step that jest lacks: after the last hook of a file. Jest runs afterAll hooks in the order
// of their definition, so a leak check among them would run before the file's own hooks have closed their connections.
const { TestEnvironment } = require('jest-environment-node');

class LumiEnvironment extends TestEnvironment {
  hasFailure = false;

  async handleTestEvent(event) {
    if (event.name === 'hook_failure' || (event.name === 'test_done' && event.test.errors.length > 0))
      this.hasFailure = true;
    if (event.name === 'run_finish') await this.closeFile();
  }

  async closeFile() {
    const faults = [];
    for (const close of [...(this.global.lumiFileClosers ?? [])].reverse()) {
      await close().catch((err) => faults.push(err));
    }
    // A leak after a failed test is its consequence: thrown here, it would hide the failure itself.
    if (faults.length > 0 && !this.hasFailure) throw faults[0];
  }
}

module.exports = LumiEnvironment;
