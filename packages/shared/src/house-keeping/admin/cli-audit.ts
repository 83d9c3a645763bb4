// `lumi audit`
import { auditAll } from './check-ledger';
import { parse, type Command } from './cli-command';

export const auditBooks: Command = {
  words: ['audit'],
  usage: 'audit',
  summary: 'Recomputes the books from the rows alone; exit status 1 when something contradicts. Repairs nothing.',
  parse: (args) => {
    parse(args, { positionals: [] });
    return async ({ db }) => {
      const breaches = await auditAll(db.platform);
      const lines = breaches.map((breach) => `${breach.rule}: ${breach.subject}: ${breach.detail}`);
      return {
        json: { ok: breaches.length === 0, breaches },
        text: breaches.length === 0 ? 'The books are right.' : lines.join('\n'),
        isBad: breaches.length > 0,
      };
    };
  },
};
