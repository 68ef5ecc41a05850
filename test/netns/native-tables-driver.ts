// Started by native-tables.test.ts on a host, as an executable of its own: changes tables there without a program.
import { readFileSync } from 'node:fs';
import type { Family } from '../../pkg/addr/address.ts';
import { NativeTables } from '../../pkg/netfilter/native-tables.ts';
import { isIptablesNative } from '../../pkg/netfilter/native-variant.ts';
import type { Command } from '../../pkg/netfilter/restore.ts';
import { ownNetns } from '../../pkg/netns/own.ts';

/** What the test asks for on stdin: transactions, whether rules are all there, or whether the first is so for ports. */
export type TablesRequest = readonly {
  readonly do: 'restore' | 'have all' | 'is first';
  readonly ports?: readonly number[];
  readonly family: Family;
  readonly table: string;
  readonly commands: readonly Command[];
}[];

const answers: boolean[] = [isIptablesNative()];
for (const { do: what, family, table, commands, ports = [] } of JSON.parse(readFileSync(0, 'utf8')) as TablesRequest) {
  const tables = NativeTables.in(ownNetns(), family);
  if (tables === undefined) throw new Error('the kernel cannot be spoken to');
  if (what === 'restore') answers.push(tables.restore(table, commands));
  else if (what === 'have all') answers.push(tables.haveAll(table, commands));
  else answers.push(tables.isFirstFor(ports, table, commands[0] ?? []));
  tables.close();
}
process.stdout.write(JSON.stringify(answers));
