// Started by link-deletion.test.ts on a host, as an executable of its own: makes pairs of links and deletes them again;
// prints what each deletion took, and what was still to be seen right after it.
import { ip } from '../../pkg/ip/command.ts';
import { nativeForm } from '../../pkg/rtnl/commands.ts';
import { RtnlError, RtnlSocket } from '../../pkg/rtnl/socket.ts';
import { libc } from '../../pkg/sys/libc.ts';

const ROUNDS = 20;

const c = libc();
if (c === undefined) throw new Error('there are no foreign functions here');
const socket = new RtnlSocket(c);
const run = (command: ReturnType<typeof ip>): unknown => nativeForm(command)?.(socket);
const errorOf = (command: ReturnType<typeof ip>): string | undefined => {
  try {
    run(command);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof RtnlError) return thrown.code;
    throw thrown;
  }
};
const milliseconds: number[] = [];
const seen: string[] = [];
for (let round = 0; round < ROUNDS; round++) {
  run(ip`link add name a type veth peer name b`);
  run(ip`link set dev a up`);
  run(ip`link set dev b up`);
  const start = performance.now();
  run(ip`link del dev a`);
  milliseconds.push(performance.now() - start);
  for (const name of ['a', 'b']) if (errorOf(ip`link show dev ${name}`) !== 'ENODEV') seen.push(name);
}
const names = (run(ip`link show`) as readonly { readonly ifname: string }[]).map(({ ifname }) => ifname);
const refused = [errorOf(ip`link del dev a`), errorOf(ip`link del dev lo`)];
process.stdout.write(JSON.stringify({ milliseconds, seen, names, refused, pid: process.pid }));
