import type { Netns } from '../netns/netns.ts';
import { files } from '../sys/files/files.ts';
import { exchangeAsync } from './async-exchange.ts';
import { attributesOf, numberOf, request, u32 } from './message.ts';

const RTM_GETNSID = 90;
const NETNSA = { id: 1, fd: 3 } as const;
/** The family, padded. */
const HEADER_BYTES = 4;

/** The number by which one namespace knows another, as links that cross name it; below 0 when it does not know it. */
export async function namespaceId(place: Netns, other: Netns): Promise<number | undefined> {
  const fd = files().open(other.path);
  try {
    const [answer] = await exchangeAsync(
      place,
      request(RTM_GETNSID, 0, new Uint8Array(HEADER_BYTES), [[NETNSA.fd, u32(fd)]]),
    );
    return answer && numberOf(attributesOf(answer.body, HEADER_BYTES).get(NETNSA.id), 4);
  } finally {
    files().close(fd);
  }
}
