import { runFilter, type Site } from './program.ts';

/** The program that does a batch of statements, given on its stdin. */
export const NFT = ['nft', '-f', '-'] as const;

/** The text of a batch. */
export function batchText(statements: readonly string[]): string {
  let text = '';
  for (const statement of statements) text += `${statement}\n`;
  return text;
}

/** One transaction. */
export async function transact(site: Site, statements: readonly string[]): Promise<void> {
  await runFilter(site, NFT, { stdin: batchText(statements) });
}
