import { CniError } from '../types/error.ts';
import { NativeNft } from './native-nft.ts';
import { runFilter, type Site } from './program.ts';

/** The program that does a batch of statements, given on its stdin. */
export const NFT = ['nft', '-f', '-'] as const;

/** The text of a batch. */
export function batchText(statements: readonly string[]): string {
  let text = '';
  for (const statement of statements) text += `${statement}\n`;
  return text;
}

/** Works on chains of nft's without the program; `undefined` where that cannot be, whatever the reason. */
export async function nftNatively<T>(site: Site, work: (nft: NativeNft) => T): Promise<T | undefined> {
  if (site.onlyPrograms) return undefined;
  const nft = NativeNft.in(site.place);
  if (nft === undefined) return undefined;
  try {
    return work(nft);
  } catch (thrown) {
    if (thrown instanceof CniError) throw thrown;
    return undefined;
  } finally {
    nft.close();
  }
}

/** One transaction. */
export async function transact(site: Site, statements: readonly string[]): Promise<void> {
  await runFilter(site, NFT, { stdin: batchText(statements) });
}
