// Started by link-sender.test.ts on a host, as an executable of its own: sends a frame from each of some links, and what
// the first of them has asked and reported before. stdin: their names, and the MAC of the first; prints which of them run, and which
// have sent something.
import { announce, linkStateOf } from '../../pkg/announce/announce.ts';
import { groupReport } from '../../pkg/announce/frames.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { LinkState } from '../../pkg/rtnl/link/state.ts';
import { linkGroups } from '../../pkg/rtnl/link/state.ts';
import type { RtnlSocket } from '../../pkg/rtnl/socket.ts';
import { readStdin } from '../../pkg/sys/files/stdin.ts';
import { sendFromLink } from '../../pkg/sys/socket/link-sender.ts';

const { names, mac }: { names: readonly string[]; mac: string } = JSON.parse(await readStdin());
const [first = ''] = names;
const frame = Uint8Array.from({ length: 60 }, (_, at) => (at < 6 ? 0xff : at === 12 ? 0x88 : at === 13 ? 0xb5 : 0x5a));
const sent = names.map((name) => {
  const speech = linkStateOf(ownNetns(), name);
  const runs = speech?.isRunning === true;
  return { runs, sends: runs && sendFromLink(ownNetns(), speech.index, [frame], [frame]) };
});
let groups: readonly Uint8Array[] = [];
const hear = (socket: RtnlSocket, { index }: LinkState): void => {
  groups = linkGroups(socket, index);
};
const speech = linkStateOf(ownNetns(), first, { hear });
const report = groupReport(mac, speech?.hasEui64Address === true, groups);
const largeBridge = { gatewayMac: undefined, later: report === undefined ? [] : [report] };
const asked = speech?.hasAskedForRouters === true && announce(ownNetns(), speech, { mac, addresses: [], largeBridge });
process.stdout.write(JSON.stringify({ sent, asked, nowhere: sendFromLink(ownNetns(), 4711, [frame], []) }));
