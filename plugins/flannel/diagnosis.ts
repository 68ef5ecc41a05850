import { linkIn, lookAt } from '../../pkg/attach/links.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { thrownText } from '../../pkg/sys/errno.ts';
import { fs } from '../../pkg/sys/files/files.ts';

/** Where it is looked; other folders than the machine's own are for tests. */
export interface Surroundings {
  readonly proc: string;
  readonly conflists: string;
}

const MACHINE: Surroundings = { proc: '/proc', conflists: '/etc/cni/net.d' };

/** What runs flannel: its daemon, or a distribution that has it inside. */
const DAEMONS: readonly string[] = ['flanneld', 'k3s-server', 'k3s-agent'];

/** The link of its usual way between hosts. */
const TUNNEL = 'flannel.1';

/** What can be seen on this host when flanneld has not said what it should: sentences, the most telling first. */
export async function diagnose(
  subnetFile: string,
  network: string,
  environment: Environment,
  where: Surroundings = MACHINE,
): Promise<readonly string[]> {
  return [
    fileSentence(subnetFile),
    daemonSentence(where.proc),
    await tunnelSentence(environment),
    uptimeSentence(where.proc),
    conflistSentence(where.conflists, network),
  ].filter((sentence) => sentence !== '');
}

/** flanneld's usual folder is emptied by every boot; any other may still have what an earlier one wrote. */
function fileSentence(path: string): string {
  const found = statusAt(path);
  if (found !== undefined) return `${path} was written ${duration((Date.now() - found.mtimeMs) / 1000)} ago`;
  const folder = path.slice(0, path.lastIndexOf('/'));
  const isThere = folder !== '' && fs().existsSync(folder);
  return `flanneld writes ${path} (key "subnetFile") as soon as it knows this node's subnet${isThere ? '' : `; not even ${folder} is there`}`;
}

/** What cannot be looked at, such as a path that is none, is as good as not there. */
function statusAt(path: string): { readonly mtimeMs: number } | undefined {
  try {
    return fs().statSync(path);
  } catch {
    return undefined;
  }
}

function daemonSentence(proc: string): string {
  const running: string[] = [];
  try {
    for (const pid of fs().readdirSync(proc)) {
      if (!/^\d+$/.test(pid)) continue;
      const name = commandOf(`${proc}/${pid}/comm`);
      if (DAEMONS.includes(name)) running.push(`${name} (process ${pid})`);
    }
  } catch (thrown) {
    return `processes cannot be listed (${thrownText(thrown)})`;
  }
  if (running.length > 0) {
    return `${running.join(', ')} is running: its log says what it waits for, often that this node has no spec.podCIDR`;
  }
  return 'no process named flanneld is running: see whether its pod (DaemonSet kube-flannel-ds) runs on this node';
}

function commandOf(path: string): string {
  try {
    return fs().readFileSync(path, 'utf8').trim();
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

async function tunnelSentence(environment: Environment): Promise<string> {
  try {
    const [link] = await lookAt([linkIn(ownNetns(), TUNNEL)], await runOptions(environment, 'flannel'));
    return link === undefined ? `there is no link ${TUNNEL}` : `the link ${TUNNEL} is there`;
  } catch (thrown) {
    return `whether there is a link ${TUNNEL} cannot be told (${thrownText(thrown)})`;
  }
}

function uptimeSentence(proc: string): string {
  try {
    const seconds = Number.parseFloat(fs().readFileSync(`${proc}/uptime`, 'utf8'));
    return Number.isNaN(seconds) ? '' : `the node is up for ${duration(seconds)}`;
  } catch {
    return '';
  }
}

/** Runtimes take the first file; one that was left behind, or one in front, is a frequent reason for all of this. */
function conflistSentence(folder: string, network: string): string {
  let names: string[];
  try {
    names = fs()
      .readdirSync(folder)
      .filter((name) => /\.(?:conf|conflist|json)$/.test(name));
  } catch {
    return '';
  }
  names.sort();
  const own = names.findIndex((name) => networkIn(`${folder}/${name}`) === network);
  const [first] = names;
  if (own === -1 || first === undefined) {
    return names.length === 0 ? '' : `${folder} has ${names.join(', ')}, none of which is of network ${network}`;
  }
  if (own > 0) return `${folder}/${first} sorts before ${names[own]}: most runtimes take only the first`;
  if (names.length === 1) return `${folder}/${first} is the only configuration`;
  return `${folder}/${first} sorts before ${names.slice(1).join(', ')}: if this node should not use flannel, remove it`;
}

function networkIn(path: string): unknown {
  try {
    return (JSON.parse(fs().readFileSync(path, 'utf8')) as { readonly name?: unknown } | null)?.name;
  } catch {
    return undefined;
  }
}

/** Rounded, for people. */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.round(whole / 60)} min`;
  return whole < 172_800 ? `${Math.round(whole / 3600)} h` : `${Math.round(whole / 86_400)} days`;
}
