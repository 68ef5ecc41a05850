import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { host } from '../host.ts';

const ALGORITHMS = { sha256, sha512 } as const;

/** The part of `crypto.createHash` that the program uses. */
export function createHash(algorithm: keyof typeof ALGORITHMS) {
  const hash = ALGORITHMS[algorithm].create();
  return {
    update(text: string) {
      hash.update(host.encode(text));
      return this;
    },
    digest: (_encoding: 'hex') => Buffer.from(hash.digest()).toString('hex'),
  };
}
