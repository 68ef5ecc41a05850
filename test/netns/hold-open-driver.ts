// Started by hold-open.test.ts on a host, as an executable of its own: has netlink sockets held open, closes
// them, and prints which of its sockets are open before and after, and how many of its sockets the kernel still knows.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { libc, NETLINK } from '../../pkg/sys/libc.ts';
import { holdOpen } from '../../pkg/sys/socket/child.ts';

const c = libc();
if (c === undefined) throw new Error('there are no foreign functions here');
const before = openSockets();
const fds = [c.netlinkSocket(NETLINK.netfilter), c.netlinkSocket(NETLINK.netfilter)];
// A socket is in the kernel's list once it has sent something.
const nothing = new Uint8Array([16, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
for (const fd of fds) c.send(fd, nothing);
const known = netfilterSockets();
for (const fd of fds) {
  holdOpen(fd);
  c.close(fd);
}
const held = netfilterSockets();
const after = openSockets();
// Number -1 is what a failed call leaves: nothing must happen to the files that are open.
holdOpen(-1);
let left = netfilterSockets();
for (const end = Date.now() + 5000; left > 0 && Date.now() < end; left = netfilterSockets())
  await new Promise((resolve) => setTimeout(resolve, 5));
process.stdout.write(JSON.stringify({ before, known, held, after, afterNone: openSockets(), left }));

/** Open sockets, each once; the runtime opens other files, and these again, when it likes. */
function openSockets(): readonly string[] {
  const links: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      links.push(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      // The number under which the folder itself was read.
    }
  }
  return [...new Set(links.filter((link) => link.startsWith('socket:')))];
}

/** The kernel's own is the one of process 0. */
function netfilterSockets(): number {
  const lines = readFileSync('/proc/self/net/netlink', 'utf8').split('\n');
  const columns = lines.map((line) => line.trim().split(/\s+/));
  return columns.filter(([, part, pid]) => part === String(NETLINK.netfilter) && pid !== '0').length;
}
