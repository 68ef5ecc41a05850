// Started by link-sender.test.ts on a host, as an executable of its own: sends a frame from each of some links.
// stdin: their names; prints which of them run, and which have sent it.
import { ownNetns } from '../../pkg/netns/own.ts';
import { runningLink, sendFromLink } from '../../pkg/sys/link-sender.ts';
import { readStdin } from '../../pkg/sys/stdin.ts';

const names: readonly string[] = JSON.parse(await readStdin());
const frame = Uint8Array.from({ length: 60 }, (_, at) => (at < 6 ? 0xff : at === 12 ? 0x88 : at === 13 ? 0xb5 : 0x5a));
const sent = names.map((name) => {
  const index = runningLink(ownNetns(), name);
  return { runs: index !== undefined, sends: index !== undefined && sendFromLink(ownNetns(), index, [frame, frame]) };
});
process.stdout.write(JSON.stringify({ sent, nowhere: sendFromLink(ownNetns(), 4711, [frame]) }));
