// Node's environment plus one moment that jest lacks: after the last hook of a file. Jest runs afterAll hooks in the order
// of their definition, so a leak guard among them would look before the file's own hooks have closed anything.
const { TestEnvironment } = require('jest-environment-node');

class LumiEnvironment extends TestEnvironment {
  async handleTestEvent(event) {
    if (event.name !== 'run_finish') return;
    for (const close of (this.global.lumiFileClosers ?? []).reverse()) await close();
  }
}

module.exports = LumiEnvironment;
