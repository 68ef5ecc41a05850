import { expect, test } from 'vitest';
import type { Family } from '../../pkg/addr/address.ts';
import { type Command, restoreText } from '../../pkg/netfilter/restore.ts';
import { driver } from '../../scripts/lib/driver.ts';
import { createHost, type Host } from './harness/host.ts';
import type { TablesRequest } from './native-tables-driver.ts';

const PROGRAM = { 4: 'iptables', 6: 'ip6tables' } as const;
const COMMENT = ['-m', 'comment', '--comment', 'name: "bt" id: "x y"'] as const;

/** Rules of every form that plugins use, in the chain C, which a rule may lead from to T. */
const FORMS: readonly { readonly family: Family; readonly table: 'nat' | 'filter'; readonly rule: string }[] = [
  ...both('nat', '-d 10.99.0.3/16 -j ACCEPT #', '-d fd00::3/64 -j ACCEPT #'),
  ...both('nat', '-d 10.99.0.3/13 -j ACCEPT #', '-d fd00::3/67 -j ACCEPT #'),
  ...both('nat', '! -d 224.0.0.0/4 -j MASQUERADE #', '! -d ff00::/8 -j MASQUERADE #'),
  ...both('nat', '-s 10.99.0.3 -j T #', '-s fd00::3 -j T #'),
  ...both('nat', '# -m multiport -p tcp --destination-ports 80 -j T'),
  ...both('nat', '# -m multiport -p udp --destination-ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,65535 -j T'),
  ...both('nat', '# -m multiport -p sctp --destination-ports 80 -j T'),
  ...both('nat', '-p tcp --dport 8080 -s 10.99.0.3/24 -j T', '-p tcp --dport 8080 -s fd00::3/64 -j T'),
  ...both('nat', '-p udp --dport 53 -d 192.0.2.1 -s 127.0.0.1 -j T', '-p udp --dport 53 -d 2001:db8::1 -j T'),
  ...both('nat', '-p tcp --dport 8080 -s 0.0.0.0/0 -j T', '-p tcp --dport 8080 -s ::/0 -j T'),
  ...both(
    'nat',
    '-p tcp --dport 1 -j DNAT --to-destination 10.1.2.3:65535',
    '-p tcp --dport 1 -j DNAT --to-destination [fd00::3]:80',
  ),
  ...both('nat', '# -j MARK --set-xmark 0x2000/0x2000'),
  ...both('nat', '# -j MARK --set-xmark 0x80000000/0x80000000'),
  ...both('nat', '-m mark --mark 0x2000/0x2000 -j MASQUERADE'),
  ...both('nat', '-m addrtype --dst-type LOCAL -j T'),
  ...both(
    'filter',
    '-d 10.9.8.7/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-d fd00::7/128 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  ),
  ...both('filter', '-s 10.9.8.7/32 -j ACCEPT', '-s fd00::7/128 -j ACCEPT'),
  ...both('filter', '-i br0 ! -o br0 # -j T'),
  ...both('filter', '-i br0 -o averylongbridge -j DROP'),
  ...both('filter', '# -j RETURN'),
];

/** Rules that are for iptables itself. */
const UNKNOWN = [
  '-p icmp -j T',
  '-p tcp --dport 80:90 -j T',
  '-p tcp --dport http -j T',
  '-p tcp -m tcp --syn -j T',
  '-p sctp --dport 80 -j T',
  '-i br+ -j T',
  '-d 10.0.0.1,10.0.0.2 -j T',
  '-d 10.0.0.1 -d 10.0.0.2 -j T',
  '-d localhost -j T',
  '-d fd00::1 -j T',
  '! -d 0.0.0.0/0 -j T',
  '-m set --match-set blocked src -j T',
  '-m multiport --destination-ports 80 -j T',
  '-m multiport -p tcp --destination-ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 -j T',
  '-m mark --mark 1 -j T',
  '-j DNAT --to-destination 10.1.2.3',
  '-j MARK --set-mark 1',
  '-d 10.0.0.1',
  '-j',
];

function both(table: 'nat' | 'filter', v4: string, v6 = v4) {
  return [
    { family: 4, table, rule: v4 },
    { family: 6, table, rule: v6 },
  ] as const;
}

function wordsOf(rule: string): string[] {
  return rule.split(' ').flatMap((word) => (word === '#' ? COMMENT : [word]));
}

async function natively(host: Host, request: TablesRequest): Promise<boolean[]> {
  const { exitCode, stdout, stderr } = await host.run([await driver('test/netns/native-tables-driver.ts')], {
    stdin: JSON.stringify(request),
  });
  if (exitCode !== 0) throw new Error(stderr);
  const [isNative, ...answers] = JSON.parse(stdout) as boolean[];
  expect(isNative).toBe(true);
  return answers;
}

async function byProgram(
  host: Host,
  family: Family,
  table: 'nat' | 'filter',
  commands: readonly Command[],
): Promise<void> {
  const { exitCode, stderr } = await host.run([`${PROGRAM[family]}-restore`, '--noflush'], {
    stdin: restoreText(commands, table),
  });
  if (exitCode !== 0) throw new Error(stderr);
}

async function saved(host: Host, family: Family, table: string): Promise<string> {
  const { stdout } = await host.run([`${PROGRAM[family]}-save`, '-t', table]);
  return stdout.replace(/^#.*\n/gm, '');
}

const CHAINS: readonly Command[] = [
  ['-N', 'C'],
  ['-N', 'T'],
];

async function withHosts(work: (native: Host, program: Host) => Promise<void>): Promise<void> {
  const hosts = await Promise.all([createHost('native'), createHost('program')]);
  try {
    // What iptables makes by itself has to be there.
    for (const host of hosts) {
      for (const family of [4, 6] as const)
        for (const table of ['nat', 'filter'] as const) {
          await byProgram(
            host,
            family,
            table,
            ['POSTROUTING', 'OUTPUT']
              .filter((chain) => table === 'nat' || chain === 'OUTPUT')
              .map((chain) => ['-S', chain]),
          );
          await byProgram(host, family, table, CHAINS);
        }
    }
    await work(hosts[0], hosts[1]);
  } finally {
    for (const host of hosts) await host.dispose();
  }
}

test(
  'what is added without the program is what the program would have added, and each removes what the other made',
  () =>
    withHosts(async (native, program) => {
      const change = (verb: '-A' | '-D') =>
        FORMS.map(({ family, table, rule }) => ({
          family,
          table,
          commands: [[verb, 'C', ...wordsOf(rule)]] as const,
        }));
      const restore = (verb: '-A' | '-D') => change(verb).map((one) => ({ do: 'restore' as const, ...one }));
      expect(await natively(native, restore('-A'))).toEqual(FORMS.map(() => true));
      for (const { family, table, commands } of change('-A')) await byProgram(program, family, table, commands);
      for (const family of [4, 6] as const)
        for (const table of ['nat', 'filter']) {
          const text = await saved(native, family, table);
          expect(text).toBe(await saved(program, family, table));
          expect(text.split('\n-A C').length - 1).toBe(
            FORMS.filter((form) => form.family === family && form.table === table).length,
          );
        }
      // Both find all of what both have made.
      const asked = FORMS.map(({ family, table, rule }) => ({
        do: 'have all' as const,
        family,
        table,
        commands: [['C', ...wordsOf(rule)]],
      }));
      expect(await natively(native, asked)).toEqual(FORMS.map(() => true));
      expect(await natively(program, asked)).toEqual(FORMS.map(() => true));
      for (const { family, table, commands } of change('-D')) await byProgram(native, family, table, commands);
      expect(await natively(native, asked)).toEqual(FORMS.map(() => false));
    }),
  60_000,
);

test('rules with words that it does not know are left to the program', () =>
  withHosts(async (native) => {
    const before = await saved(native, 4, 'nat');
    const request = UNKNOWN.map((rule) => ({
      do: 'restore' as const,
      family: 4 as const,
      table: 'nat',
      commands: [
        ['-A', 'C', '-j', 'T'],
        ['-A', 'C', ...wordsOf(rule)],
      ],
    }));
    expect(await natively(native, request)).toEqual(UNKNOWN.map(() => false));
    expect(await saved(native, 4, 'nat')).toBe(before);
  }));

test('a transaction that the kernel refuses changes nothing', () =>
  withHosts(async (native) => {
    const before = await saved(native, 4, 'nat');
    const refused: Command[][] = [
      [
        ['-A', 'C', '-j', 'T'],
        ['-N', 'C'],
      ],
      [
        ['-A', 'C', '-j', 'T'],
        ['-A', 'C', '-j', 'MISSING'],
      ],
      [
        ['-A', 'C', '-j', 'T'],
        ['-A', 'MISSING', '-j', 'T'],
      ],
      [
        ['-A', 'C', '-j', 'T'],
        ['-X', 'T'],
      ],
      [
        ['-A', 'C', '-j', 'T'],
        ['-D', 'C', '-j', 'ACCEPT'],
      ],
      [
        ['-A', 'C', '-j', 'T'],
        ['-X', 'MISSING'],
      ],
    ];
    const request = refused.map((commands) => ({ do: 'restore' as const, family: 4 as const, table: 'nat', commands }));
    expect(await natively(native, request)).toEqual(refused.map(() => false));
    expect(await saved(native, 4, 'nat')).toBe(before);
  }));

test('chains come and go with their rules', () =>
  withHosts(async (native) => {
    const before = await saved(native, 6, 'filter');
    const made: Command[] = [
      ['-N', 'N'],
      ['-A', 'N', '-j', 'RETURN'],
      ['-A', 'C', '-j', 'N'],
    ];
    const undone: Command[] = [
      ['-D', 'C', '-j', 'N'],
      ['-F', 'N'],
      ['-X', 'N'],
    ];
    const request = [made, undone].map((commands) => ({
      do: 'restore' as const,
      family: 6 as const,
      table: 'filter',
      commands,
    }));
    expect(await natively(native, [request[0] as never])).toEqual([true]);
    expect(await saved(native, 6, 'filter')).toContain('-A C -j N\n');
    expect(await natively(native, [request[1] as never])).toEqual([true]);
    expect(await saved(native, 6, 'filter')).toBe(before);
  }));

/** What may be in front of a rule for port 80 and 443, and whether it gets nothing of theirs. */
const IN_FRONT: readonly (readonly [rule: string, isHarmless: boolean])[] = [
  ['# -m multiport -p tcp --destination-ports 81,8080 -j T', true],
  ['-m multiport -p udp --destination-ports 20480 -j T', true],
  [
    '-p tcp -m multiport --destination-ports 81 -m addrtype --dst-type LOCAL -j DNAT --to-destination 10.1.2.3:80',
    true,
  ],
  ['-p tcp -m multiport --destination-ports 81,443 -j T', false],
  ['-p tcp -m multiport --destination-ports 79:81 -j T', false],
  ['-p tcp -m multiport ! --destination-ports 81 -j T', false],
  ['-p tcp -m multiport --source-ports 81 -j T', false],
  ['-p tcp -m multiport --ports 81 -j T', false],
  ['-p tcp --dport 81 -j T', false],
  ['-j T', false],
];

test('what is in front of a rule is harmless when it lists other ports', () =>
  withHosts(async (native) => {
    const own = ['C', '-m', 'multiport', '-p', 'tcp', '--destination-ports', '80,443', '-j', 'T'];
    const look = { do: 'is first' as const, family: 4 as const, table: 'nat', commands: [own], ports: [80, 443] };
    expect(await natively(native, [look])).toEqual([false]);
    await byProgram(native, 4, 'nat', [['-A', ...own]]);
    expect(await natively(native, [look])).toEqual([true]);
    for (const [rule, isHarmless] of IN_FRONT) {
      const words = wordsOf(rule);
      await byProgram(native, 4, 'nat', [['-I', 'C', '1', ...words]]);
      expect(await natively(native, [look]), rule).toEqual([isHarmless]);
      await byProgram(native, 4, 'nat', [['-D', 'C', '1']]);
      await byProgram(native, 4, 'nat', [['-A', 'C', ...words]]);
      expect(await natively(native, [look]), `behind: ${rule}`).toEqual([true]);
    }
  }));
