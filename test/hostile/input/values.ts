import type { Random } from './random.ts';

/** In every text that is meant to break out of somewhere: where it is seen, it must be whole. */
export const MARK = 'zq9x';

/** Texts that mean something to a shell, a rule, a path, a terminal, an engine. */
const TEXTS: readonly [string, ...string[]] = [
  '',
  ' ',
  '-',
  '--',
  `-j DROP ${MARK}`,
  `${MARK} -j DROP`,
  `${MARK}" -j DROP -m comment --comment "`,
  `${MARK}"; drop table ip nat; #`,
  `; rm -rf /${MARK}`,
  `$(touch /tmp/${MARK})`,
  `\`touch /tmp/${MARK}\``,
  `| tee /etc/${MARK}`,
  `${MARK}\nCOMMIT\n*filter\n-P INPUT DROP`,
  `${MARK}\nlink del lo`,
  `${MARK}\r\n-A INPUT -j DROP`,
  `${MARK}\u0000rest`,
  `\u0000${MARK}`,
  `../${MARK}`,
  `../../../../etc/${MARK}`,
  `..\\${MARK}`,
  `/etc/${MARK}`,
  `/etc/passwd`,
  `a/../../${MARK}`,
  '.',
  '..',
  '/',
  '//',
  '%s%n%x',
  '%00',
  '{{7*7}}',
  `'${MARK}' or '1'='1`,
  '\\',
  '\\"',
  '"',
  "'",
  '#',
  `# ${MARK}`,
  'null',
  'undefined',
  'NaN',
  'true',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '\u202e\u200b\ufeff',
  '\ud800',
  '\udfff\ud800',
  '💥'.repeat(5),
  'é́́́́́́'.repeat(4),
  'ß',
  'İ',
  '\u001b[31m',
  '\u0007',
  '\t',
  '\u2028',
  'x'.repeat(16),
  'x'.repeat(256),
  'x'.repeat(5000),
  'all',
  'default',
  'lo',
  'eth0',
  'dev',
  'type',
  'netns',
  'master',
  '0.0.0.0/0',
  '::/0',
  '10.0.0.0/33',
  '256.1.1.1',
  '10.1.0.2/24/24',
  '10.1.0.2%eth0',
  'fe80::1%eth0/64',
  '::ffff:10.1.0.1/120',
  '01.02.03.04',
  '0x0a010001',
  '1e3',
  '-1',
  '99999999999999999999',
  'ff:ff:ff:ff:ff:ff',
  '00:00:00:00:00:00',
  'net.ipv4.conf.all.forwarding',
  'net/ipv4/../../kernel/core_pattern',
  'kernel.core_pattern',
  'net.ipv4.conf.IFNAME.arp_notify=1',
];

const OTHERS: readonly [unknown, ...unknown[]] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  4095,
  65535,
  65536,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  1e308,
  1.5,
  -0,
  [],
  {},
  [[]],
  [null],
  { '': '' },
  [{}, [], '', 0],
];

/** A text that nobody should have written there. */
export function hostileText(random: Random): string {
  return random.pick(TEXTS);
}

/** Any value that nobody should have written there. */
export function hostileValue(random: Random): unknown {
  if (random.chance(0.65)) return hostileText(random);
  if (random.chance(0.03)) return nested(random.below(1200), random.chance(0.5));
  // A copy: what is put into it later is not to be in every other one.
  return copied(random.pick(OTHERS));
}

function nested(depth: number, asList: boolean): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = asList ? [value] : { a: value };
  return value;
}

/** The same JSON once more. */
export function copied<Value>(value: Value): Value {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as Value);
}
