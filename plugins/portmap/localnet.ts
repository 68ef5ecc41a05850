import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { recordFolder } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { causeErrno, thrownErrno, thrownText } from '../../pkg/sys/errno.ts';
import { files, makeFolders, readTextFile, removeFile, statusOf, writeFile } from '../../pkg/sys/files/files.ts';
import { lockFolder } from '../../pkg/sys/files/lock.ts';
import { PortClaims } from './claims.ts';
import { guardLoopback, unguardLoopback } from './loopback-guard.ts';
import { isAnyPortMapped } from './unclaimed.ts';

const PATIENCE_MS = 10_000;
const NETWORK_LINKS = '/sys/class/net';

/**
 * Links on which packets of 127.0.0.0/8 are routed, so that the host itself reaches its mapped ports by its loopback
 * address. The setting is put back when nobody has a port any more: whoever opens a link has a claim already, and
 * whoever puts it back sees that there is none, under the lock of the claims. The rule that keeps pods out is shared
 * like the chains of mappings, and like these it stays; GC takes it away.
 *
 * In the folder of the records: `links/<link>` for each whose setting was another one before, `guard` who has made the
 * rule.
 */
export class Localnet {
  readonly #folder: string;
  readonly #environment: Environment;
  readonly #claims: PortClaims;
  readonly #options: RunOptions;
  readonly #warn: (line: string) => void;

  constructor(environment: Environment, options: RunOptions, warn: (line: string) => void) {
    const records = recordFolder(environment);
    this.#folder = `${records}/.localnet`;
    this.#environment = environment;
    this.#claims = new PortClaims(records);
    this.#options = options;
    this.#warn = (line) => warn(`portmap: ${line}`);
  }

  /** Lets the host's loopback address reach containers over a link, and keeps everybody else from that address. */
  async open(link: string, backend: MasqueradeBackend): Promise<void> {
    const path = settingOf(link);
    const isOn = (await ownNetns().readFile(`/proc/sys/${path}`)).trim() === '1';
    // What is not noted nobody puts back.
    if (!isOn && outlivesContainers(link) && !this.#note('links', link, '')) return;
    if (this.guardedBy === undefined && !(await this.#guard(backend))) return;
    if (isOn) return;
    const failing = 'unable to enable route_localnet';
    await runPlan(new Plan().sysctl(ownNetns(), path, '1', { failing, fresh: true }), this.#options);
  }

  /** Makes the rule again, if it is to be there and was flushed. */
  async restoreGuard(): Promise<void> {
    const maker = this.guardedBy;
    if (maker !== undefined) await this.#guard(maker);
  }

  /** Who has made the rule; `undefined` when there is none to be. */
  get guardedBy(): MasqueradeBackend | undefined {
    const [maker, state] = this.#guardNote();
    return state === undefined ? maker : undefined;
  }

  /** Puts the setting back on all links when nobody has a port any more. What fails is only told. */
  async close(): Promise<void> {
    try {
      if (this.#claims.areNone() && this.#links().length > 0) await this.#ifUnused(() => this.#putBackAll());
    } catch (thrown) {
      this.#warn(`route_localnet may be left on: ${thrownText(thrown)}`);
    }
  }

  /** {@link close}, and removes the rule. */
  async sweep(): Promise<void> {
    if (listOf(this.#folder).length === 0) return;
    await this.#ifUnused(async () => {
      await this.#putBackAll();
      await this.#unguard();
    });
  }

  /** Whether others need the setting is looked for when nothing is locked: it may take a program. */
  async #ifUnused(work: () => Promise<void>): Promise<void> {
    if (!(await isAnyPortMapped(this.#environment))) await this.#claims.ifNone(work);
  }

  async #putBackAll(): Promise<void> {
    for (const link of this.#links()) {
      await putBack(link);
      removeFile(`${this.#folder}/links/${link}`);
    }
  }

  /** A host whose rules cannot be made in this way maps ports all the same, as the reference does. */
  async #guard(backend: MasqueradeBackend): Promise<boolean> {
    if (!this.#note('', 'guard', `${backend} unfinished`)) return false;
    try {
      // A program looks for the rule before it adds it.
      const lock = await lockFolder(this.#folder, 0o700, PATIENCE_MS, 'the rule for 127.0.0.0/8');
      try {
        await runPlan(new Plan().do(ownNetns(), guardLoopback(backend), { failing: '' }), this.#options);
      } finally {
        lock.release();
      }
      return this.#note('', 'guard', backend);
    } catch (thrown) {
      this.#warn(`pods can send to services on this host's 127.0.0.1: ${thrownText(thrown)}`);
      return true;
    }
  }

  async #unguard(): Promise<void> {
    const [maker] = this.#guardNote();
    // Being asked to end is no reason to leave it.
    const { signal: _, ...patient } = this.#options;
    if (maker !== undefined) await runPlan(new Plan().do(ownNetns(), unguardLoopback(maker), { failing: '' }), patient);
    removeFile(`${this.#folder}/guard`);
  }

  #guardNote(): readonly [maker?: MasqueradeBackend, state?: string] {
    const [maker, state] = readTextFile(`${this.#folder}/guard`)?.split(' ') ?? [];
    if (maker !== 'iptables' && maker !== 'nftables') return [];
    return state === undefined ? [maker] : [maker, state];
  }

  #links(): readonly string[] {
    return listOf(`${this.#folder}/links`);
  }

  /** Notes that cannot be kept, on a full or read-only file system, keep no container from its ports. */
  #note(folder: string, name: string, text: string): boolean {
    try {
      writeInto(`${this.#folder}/${folder}`, name, text);
      return true;
    } catch (thrown) {
      this.#warn(`this host does not reach the ports by 127.0.0.1: no note of that can be kept: ${thrownText(thrown)}`);
      return false;
    }
  }
}

/** Writes a file into a folder that is nearly always there. */
function writeInto(folder: string, name: string, text: string): void {
  try {
    writeFile(`${folder}/${name}`, text);
  } catch (thrown) {
    if (thrownErrno(thrown) !== 'ENOENT') throw thrown;
    makeFolders(folder, 0o700);
    writeFile(`${folder}/${name}`, text);
  }
}

function settingOf(link: string): string {
  return `net/ipv4/conf/${link}/route_localnet`;
}

async function putBack(link: string): Promise<void> {
  const path = `/proc/sys/${settingOf(link)}`;
  try {
    // What is neither is somebody else's.
    if ((await ownNetns().readFile(path)).trim() === '1') await ownNetns().writeFile(path, '0');
  } catch (thrown) {
    // It went with the link.
    if (causeErrno(thrown) !== 'ENOENT') throw thrown;
  }
}

/** Whether a link stays when its containers go: all but a veth whose other end is in one. */
function outlivesContainers(link: string): boolean {
  const folder = `${NETWORK_LINKS}/${link}`;
  if (statusOf(`${folder}/bridge`) !== undefined) return true;
  const read = (name: string): string | undefined => readTextFile(`${folder}/${name}`)?.trim();
  return read('iflink') === read('ifindex') || listOf(folder).some((name) => name.startsWith('lower_'));
}

/** The names in a folder; none when it is not there. */
function listOf(folder: string): readonly string[] {
  try {
    return files()
      .list(folder)
      .map(({ name }) => name);
  } catch (thrown) {
    if (thrownErrno(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
