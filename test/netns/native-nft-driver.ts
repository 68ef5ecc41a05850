// Started by native-nft.test.ts on a host, as an executable of its own: changes chains of nft there without the program.
import { readFileSync } from 'node:fs';
import type { NativeChain } from '../../pkg/netfilter/native-message.ts';
import { NativeNft, type NftAddition, type NftElement, sharedChain } from '../../pkg/netfilter/native-nft.ts';
import { ownNetns } from '../../pkg/netns/own.ts';

/** What the test asks for on stdin. */
export type NftRequest = readonly (
  | { readonly do: 'add'; readonly additions: readonly NftAddition[] }
  | { readonly do: 'consists of'; readonly chain: NativeChain; readonly rules: readonly string[] }
  | { readonly do: 'put'; readonly elements: readonly NftElement[] }
  | { readonly do: 'take out'; readonly elements: readonly NftElement[] }
  | { readonly do: 'are in'; readonly elements: readonly NftElement[] }
  | { readonly do: 'remove'; readonly chain: NativeChain; readonly beginning: string }
)[];

const answers: boolean[] = [];
for (const request of JSON.parse(readFileSync(0, 'utf8')) as NftRequest) {
  const nft = NativeNft.in(ownNetns());
  if (nft === undefined) throw new Error('the kernel cannot be spoken to');
  if (request.do === 'add') answers.push(nft.add(request.additions));
  else if (request.do === 'put') answers.push(nft.put(request.elements));
  else if (request.do === 'take out') answers.push(nft.takeOut(request.elements));
  else if (request.do === 'are in') answers.push(nft.areIn(request.elements));
  else if (request.do === 'remove') answers.push(nft.removeCommented(request.chain, request.beginning));
  else answers.push(nft.isWhole(sharedChain(request.chain, request.rules)));
  nft.close();
}
process.stdout.write(JSON.stringify(answers));
