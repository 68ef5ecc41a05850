import { host } from '../host.ts';

/** The part of `crypto.createHash` that the program uses: one text, by SHA-512. */
export function createHash(_algorithm: 'sha512') {
  let digest = new ArrayBuffer(0);
  return {
    update(text: string) {
      digest = host.sha512(host.encode(text));
      return this;
    },
    digest: (_encoding: 'hex') => Buffer.from(digest).toString('hex'),
  };
}
