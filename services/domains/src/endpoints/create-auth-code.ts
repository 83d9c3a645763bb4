// POST /domains/{domain}/auth-code
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { isoSeconds } from '@lumi/shared/runtime';
import { HOUR_MS } from '@lumi/shared/times';
import type { DomainsDeps } from '../deps';
import { changeAtRegistry } from '../portfolio/change-at-registry';
import { domainParams, ownDomain } from '../portfolio/own-domain';

const HOURS_DEFAULT = 72;
const LENGTH = 20;
/** Letters and digits that are not easily confused, and the punctuation that some registries require. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789-_!';

export const createAuthCode = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'create-auth-code',
      method: 'POST',
      path: '/domains/{domain}/auth-code',
      tag: 'Transfers',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Make an auth code',
      description:
        'A new code to transfer the domain away. It is shown only here, replaces the code before, and expires.',
      params: domainParams,
      body: z.object({ ttl_hours: z.number().int().min(1).max(720).optional().describe('Absent: 72.') }),
      bodyExample: { ttl_hours: 72 },
      responses: {
        200: {
          description: 'The code, shown once.',
          schema: z.object({ domain: z.string(), auth_code: z.string(), expires_at: z.string() }),
        },
      },
      errors: ['busy', 'state_conflict', 'suspended', 'supplier_error'],
    }),
    async ({ params, reach, body, principal }) => {
      const { row } = await ownDomain(domains, reach, params.domain);
      const code = Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
      const expiresAt = new Date(domains.service.clock.nowMs() + (body.ttl_hours ?? HOURS_DEFAULT) * HOUR_MS);
      const after = await changeAtRegistry(domains, row, { authCode: { code, expiresAt } }, principal.keyId);
      return json(200, { domain: after.name, auth_code: code, expires_at: isoSeconds(expiresAt) });
    },
  );
