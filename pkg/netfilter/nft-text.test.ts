import { expect, test } from 'vitest';
import { parseListing } from './nft-text.ts';

const LISTING = `table ip cni_hostport { # handle 1
	comment "CNI portmap plugin"
	chain hostports { # handle 1
		tcp dport 8080 dnat to 10.99.0.2:80 comment "x" # handle 11
		ip daddr 192.0.2.1 udp dport 53 dnat to 10.99.0.2:53 # handle 12
	}

	chain prerouting { # handle 4
		type nat hook prerouting priority -100; policy accept;
		fib daddr type local jump hostports_all # handle 7
	}
}
`;

test('rules with their chains, comments and handles', () => {
  expect(parseListing(LISTING)).toEqual([
    { chain: 'hostports', text: 'tcp dport 8080 dnat to 10.99.0.2:80', comment: 'x', handle: 11 },
    {
      chain: 'hostports',
      text: 'ip daddr 192.0.2.1 udp dport 53 dnat to 10.99.0.2:53',
      comment: undefined,
      handle: 12,
    },
    { chain: 'prerouting', text: 'fib daddr type local jump hostports_all', comment: undefined, handle: 7 },
  ]);
  expect(parseListing('')).toEqual([]);
});
