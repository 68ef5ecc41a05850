import { isIpAction } from '../../plan/action.ts';
import type { PlanError } from '../../plan/plan-error.ts';
import { namespaceCensus } from '../../record/census.ts';
import { isAlive, type RecordStore } from '../../record/store.ts';
import { isSameInterface } from '../../types/attachment.ts';
import { CniError, ErrorCode } from '../../types/error.ts';
import type { ShownLink } from '../links.ts';
import { innerNotesOf } from './notes.ts';
import type { InnerLink } from './steps.ts';

/** More users than this are only counted. */
const MOST_NAMED = 5;

/** The error with what it means for a link that several stand on: the kernel gives a number and no word. */
export async function explained(
  error: PlanError,
  link: InnerLink,
  master: ShownLink | undefined,
  records: RecordStore,
): Promise<CniError> {
  const action = error.step?.action;
  const [object = '', verb = ''] = action !== undefined && isIpAction(action) ? action.command.words : [];
  if (object !== 'link' || master === undefined) return error;
  const why = verb === 'add' ? reasonOnAdd(link, master, error, records) : reasonOnUp(link, error);
  if (why === '') return error;
  return new CniError(error.code, error.message, `${error.details}; ${why}`, { cause: error });
}

/**
 * Refuses a link that the kernel would make by changing those of other containers.
 *
 * @throws {CniError} that names them
 */
export function refuseOtherWay(link: InnerLink, records: RecordStore): void {
  const wanted = wayOf(link);
  const others = usersOf(link, records, (way) => way !== wanted && way.startsWith(`${link.kind.name} `));
  if (others.length === 0) return;
  throw new CniError(
    ErrorCode.internal,
    `failed to create ${link.kind.name}: ${link.master} is in use in another mode`,
    `${wanted} was wanted on ${link.master}; on it stand ${listed(others)}, and the kernel has one mode for all of ` +
      `them: it would change theirs. Give both networks the same mode, or links below of their own`,
  );
}

function reasonOnAdd(link: InnerLink, master: ShownLink, { errno }: PlanError, records: RecordStore): string {
  const rule = errno === undefined ? undefined : link.kind.meanings?.[errno];
  if (rule === undefined) return '';
  if (master.master !== undefined && errno !== 'EEXIST') {
    return `${master.ifname} is a port of ${master.master}: name that as "master"`;
  }
  const wanted = wayOf(link);
  const users = usersOf(link, records, (way) => isRival(way, wanted));
  const known = users.length === 0 ? 'no container of this suite has it' : `on it stand ${listed(users)}`;
  return `${wanted} was wanted on ${master.ifname}; ${rule}; ${known}`;
}

/** VLANs only keep out their like; the other kinds keep out each other. */
function isRival(way: string, wanted: string): boolean {
  return way === wanted || !(way.startsWith('vlan ') || wanted.startsWith('vlan '));
}

function wayOf({ settings }: InnerLink): string {
  return settings.type.words.slice(1).join(' ');
}

/** Containers of this suite on the same link below whose links were made in such a way: `macvlan mode bridge`. */
function usersOf(
  { master, name, kind, settings }: InnerLink,
  records: RecordStore,
  isMeant: (way: string) => boolean,
): readonly string[] {
  if (settings.below?.inContainer === true) return [];
  const isInUse = namespaceCensus();
  const users: string[] = [];
  for (const record of records.readAll().records) {
    const notes = innerNotesOf(record.data);
    if (record.plugin === kind.name && isSameInterface(record, name)) continue;
    const way = notes.type.replace(/^type /, '');
    if (notes.master !== master || !isMeant(way) || isAlive(record, isInUse) === 'dead') continue;
    users.push(`${record.containerId} (${record.ifName}, ${way})`);
  }
  return users;
}

function listed(users: readonly string[]): string {
  return (
    users.slice(0, MOST_NAMED).join(', ') + (users.length > MOST_NAMED ? ` and ${users.length - MOST_NAMED} more` : '')
  );
}

function reasonOnUp({ settings, master }: InnerLink, { errno }: PlanError): string {
  if (errno === 'ENETDOWN') return `${master} is down: \`ip link set dev ${master} up\` mends it`;
  if ((errno !== 'EADDRINUSE' && errno !== 'EBUSY') || settings.mac === undefined) return '';
  return `another link on ${master} has the MAC ${settings.mac} already`;
}
