import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { Site } from '../../pkg/netfilter/program.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { fileSystemName } from '../../pkg/record/names.ts';
import { RecordStore } from '../../pkg/record/store.ts';
import { causeErrno, thrownErrno, thrownText } from '../../pkg/sys/errno.ts';
import { lockFolder } from '../../pkg/sys/file-lock.ts';
import { files, makeFolders, readTextFile, removeFile, statusOf, writeFile } from '../../pkg/sys/files.ts';
import { PATIENCE } from '../../pkg/sys/patience.ts';
import type { Owner } from './claim.ts';
import { guardLoopback, unguardLoopback } from './loopback-guard.ts';

const PATIENCE_MS = 10_000;
const NETWORK_LINKS = '/sys/class/net';

/**
 * Links on which packets of 127.0.0.0/8 are routed, so that the host itself reaches its mapped ports by its loopback
 * address, and for whom: the setting is put back with the last of them. The rule that keeps pods out is shared like the
 * chains of mappings, and like these it stays; GC takes it away when nobody has a port.
 *
 * In the folder of the records: `owners/<attachment>` names the link, `links/<link>/owners/<attachment>` counts who is
 * on it, `links/<link>/opened` says that the setting was another one before, `guard` who has made the rule.
 */
export class Localnet {
  readonly #folder: string;
  readonly #records: RecordStore;
  readonly #options: RunOptions;
  readonly #warn: (line: string) => void;

  constructor(recordFolder: string, options: RunOptions, warn: (line: string) => void) {
    this.#folder = `${recordFolder}/.localnet`;
    this.#records = new RecordStore(recordFolder);
    this.#options = options;
    this.#warn = (line) => warn(`portmap: ${line}`);
  }

  /** Lets the host's loopback address reach an attachment over a link, and keeps everybody else from that address. */
  async open(owner: Owner, link: string, backend: MasqueradeBackend): Promise<void> {
    const key = keyOf(owner);
    // Made anew with another link, as after a change of addresses.
    const former = this.#linkOf(key);
    if (former !== undefined && former !== '' && former !== link) await this.close([owner]);
    if (!this.#tried(() => makeFolders(this.#folder, 0o700))) return;
    await this.#locked(async () => {
      const path = settingOf(link);
      const isOn = (await ownNetns().readFile(`/proc/sys/${path}`)).trim() === '1';
      const maker = this.guardedBy;
      // What is not noted nobody puts back.
      if (!this.#tried(() => this.#note(key, link, isOn, maker === undefined ? backend : undefined))) {
        this.#tried(() => this.#forget(key, link, isOn));
        return;
      }
      await this.#guard(maker ?? backend);
      if (isOn) return;
      const failing = 'unable to enable route_localnet';
      await runPlan(new Plan().sysctl(ownNetns(), path, '1', { failing, fresh: true }), this.#options);
    });
  }

  /** @param maker who makes the rule, if nobody has yet */
  #note(key: string, link: string, isOn: boolean, maker: MasqueradeBackend | undefined): void {
    // First: by it whoever cleans up after this process finds the rest.
    writeInto(`${this.#folder}/owners`, key, link);
    writeInto(this.#ownersOn(link), key, '');
    if (maker !== undefined) writeFile(`${this.#folder}/guard`, maker);
    if (!isOn) writeFile(`${this.#linkFolder(link)}/opened`, link);
  }

  #forget(key: string, link: string, isOn: boolean): void {
    removeFile(`${this.#ownersOn(link)}/${key}`);
    if (isRemoved(this.#ownersOn(link))) {
      if (!isOn) removeFile(`${this.#linkFolder(link)}/opened`);
      isRemoved(this.#linkFolder(link));
    }
    removeFile(`${this.#folder}/owners/${key}`);
  }

  /** Makes the rule again, if it is to be there and was flushed. */
  async restoreGuard(): Promise<void> {
    if (this.guardedBy === undefined) return;
    await this.#locked(async () => {
      const maker = this.guardedBy;
      if (maker !== undefined) await this.#guard(maker);
    });
  }

  /** Who has made the rule; `undefined` when there is none to be. */
  get guardedBy(): MasqueradeBackend | undefined {
    const noted = readTextFile(`${this.#folder}/guard`);
    return noted === 'iptables' || noted === 'nftables' ? noted : undefined;
  }

  /** These attachments have no ports any more. What fails is only told: nothing of a container is left by it. */
  async close(owners: readonly Owner[]): Promise<void> {
    for (const owner of owners) await this.#leave(keyOf(owner));
  }

  /** {@link close} for all but these, and for links that were left open for others' sake. */
  async sweep(living: readonly Owner[]): Promise<void> {
    const kept = new Set(living.map(keyOf));
    for (const { name } of listOf(`${this.#folder}/owners`)) if (!kept.has(name)) await this.#leave(name);
    for (const { name } of listOf(`${this.#folder}/links`)) {
      const link = readTextFile(`${this.#folder}/links/${name}/opened`);
      if (link !== undefined && listOf(this.#ownersOn(link)).length === 0) await this.#settleWithLook(link, undefined);
    }
    if (this.guardedBy !== undefined) await this.#locked(() => this.#unguard());
  }

  async #leave(key: string): Promise<void> {
    const link = this.#linkOf(key);
    if (link === undefined) return;
    try {
      // Whoever was killed before the link was written has done nothing else.
      if (link === '') removeFile(`${this.#folder}/owners/${key}`);
      else await this.#settleWithLook(link, key);
    } catch (thrown) {
      this.#warn(`route_localnet of ${link} may be left on: ${thrownText(thrown)}`);
    }
  }

  /** Whether others need the setting is looked for when nothing is locked: it may take a program. */
  async #settleWithLook(link: string, key: string | undefined): Promise<void> {
    if (await this.#locked(() => this.#settle(link, key, undefined))) return;
    const { hasForeignMappings } = await import('./foreign-mappings.ts');
    const site = new Site({ place: ownNetns(), timeoutMs: PATIENCE.program, ...this.#options });
    const isNeeded = await hasForeignMappings(site, this.#records);
    await this.#locked(() => this.#settle(link, key, isNeeded));
  }

  /** Takes somebody off a link; `false` when it has to be known whether others' containers need the setting. */
  async #settle(link: string, key: string | undefined, isNeeded: boolean | undefined): Promise<boolean> {
    if (key !== undefined) removeFile(`${this.#ownersOn(link)}/${key}`);
    if (isRemoved(this.#ownersOn(link))) {
      const opened = `${this.#linkFolder(link)}/opened`;
      if (statusOf(opened) !== undefined && isNeeded === undefined && leadsToMany(link)) return false;
      if (isNeeded !== true) {
        if (statusOf(opened) !== undefined) await putBack(link);
        removeFile(opened);
      }
      isRemoved(this.#linkFolder(link));
    }
    if (key !== undefined) removeFile(`${this.#folder}/owners/${key}`);
    return true;
  }

  /** A host whose rules cannot be made in this way maps ports all the same, as the reference does. */
  async #guard(backend: MasqueradeBackend): Promise<void> {
    try {
      await runPlan(new Plan().do(ownNetns(), guardLoopback(backend), { failing: '' }), this.#options);
    } catch (thrown) {
      this.#warn(`pods can send to services on this host's 127.0.0.1: ${thrownText(thrown)}`);
    }
  }

  async #unguard(): Promise<void> {
    const used = this.guardedBy;
    if (!isRemoved(`${this.#folder}/links`)) return;
    // Being asked to end is no reason to leave it.
    const { signal: _, ...patient } = this.#options;
    if (used !== undefined) await runPlan(new Plan().do(ownNetns(), unguardLoopback(used), { failing: '' }), patient);
    removeFile(`${this.#folder}/guard`);
  }

  #linkOf(key: string): string | undefined {
    try {
      return readTextFile(`${this.#folder}/owners/${key}`);
    } catch {
      return undefined;
    }
  }

  #linkFolder(link: string): string {
    return `${this.#folder}/links/${fileSystemName(link)}`;
  }

  #ownersOn(link: string): string {
    return `${this.#linkFolder(link)}/owners`;
  }

  /** Notes that cannot be kept, on a full or read-only file system, keep no container from its ports. */
  #tried(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (thrown) {
      this.#warn(`this host does not reach the ports by 127.0.0.1: no note of that can be kept: ${thrownText(thrown)}`);
      return false;
    }
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = await lockFolder(this.#folder, 0o700, PATIENCE_MS, 'the list of links with route_localnet');
    try {
      return await work();
    } finally {
      lock.release();
    }
  }
}

function keyOf({ containerId, ifName, network }: Owner): string {
  return fileSystemName(`${containerId}:${ifName}:${network}`);
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

/** Whether a link may lead to more than one container: a veth whose other end is elsewhere does not. */
function leadsToMany(link: string): boolean {
  const folder = `${NETWORK_LINKS}/${link}`;
  const read = (name: string): string | undefined => readTextFile(`${folder}/${name}`)?.trim();
  const names = listOf(folder).map(({ name }) => name);
  if (names.length === 0) return statusOf(`/proc/sys/${settingOf(link)}`) !== undefined;
  return read('iflink') === read('ifindex') || names.some((name) => name.startsWith('lower_'));
}

/** Whether an empty folder is gone now; `false` for one that has something in it. */
function isRemoved(path: string): boolean {
  try {
    files().removeFolder(path);
  } catch (thrown) {
    const errno = thrownErrno(thrown);
    if (errno === 'ENOTEMPTY' || errno === 'EEXIST') return false;
    if (errno !== 'ENOENT') throw thrown;
  }
  return true;
}

function listOf(folder: string): readonly { readonly name: string }[] {
  try {
    return files().list(folder);
  } catch (thrown) {
    if (thrownErrno(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
