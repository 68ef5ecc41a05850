import { isIpAction } from '../../plan/action.ts';
import type { PlanError } from '../../plan/plan-error.ts';
import { namespaceCensus } from '../../record/census.ts';
import { isAlive, type RecordStore } from '../../record/store.ts';
import type { ErrnoName } from '../../sys/errno.ts';
import { CniError } from '../../types/error.ts';
import type { ShownLink } from '../links.ts';
import { innerNotesOf } from './notes.ts';
import type { InnerLink } from './steps.ts';

/** More users than this are only counted. */
const MOST_NAMED = 5;

/** What the kernel says when a link is refused for the sake of others. */
const EXPLAINED: readonly (ErrnoName | undefined)[] = ['EADDRINUSE', 'EBUSY', 'EINVAL'];

/** The error with what it means for a link that several stand on: the kernel gives a number and no word. */
export async function explained(
  error: PlanError,
  link: InnerLink,
  master: ShownLink,
  records: RecordStore,
): Promise<CniError> {
  const action = error.step?.action;
  const [object = '', verb = ''] = action !== undefined && isIpAction(action) ? action.command.words : [];
  if (object !== 'link' || !EXPLAINED.includes(error.errno)) return error;
  const why = verb === 'add' ? reasonOnAdd(link, master, records) : reasonOnUp(link, error);
  if (why === '') return error;
  return new CniError(error.code, error.message, `${error.details}; ${why}`, { cause: error });
}

function reasonOnAdd(link: InnerLink, master: ShownLink, records: RecordStore): string {
  const { kind, settings } = link;
  const wanted = settings.type.words.slice(1).join(' ');
  if (master.master !== undefined) return `${master.ifname} is a port of ${master.master}: name that as "master"`;
  const users = settings.linkInContainer ? [] : usersOf(link, records);
  const named = users.slice(0, MOST_NAMED).join(', ');
  const more = users.length > MOST_NAMED ? ` and ${users.length - MOST_NAMED} more` : '';
  const known = users.length === 0 ? 'no container of this suite stands on it' : `on it stand ${named}${more}`;
  const rule =
    kind === 'macvlan'
      ? 'a link bears either macvlan or ipvlan, and in mode passthru only one macvlan'
      : 'a link bears either macvlan or ipvlan, never both';
  return `${wanted} was wanted on ${master.ifname}; ${rule}; ${known}`;
}

function usersOf({ master, name, kind }: InnerLink, records: RecordStore): readonly string[] {
  const isInUse = namespaceCensus();
  const users: string[] = [];
  for (const record of records.readAll().records) {
    const notes = innerNotesOf(record.data);
    const { plugin, containerId, ifName } = record;
    if (plugin === kind && containerId === name.containerId && ifName === name.ifName) continue;
    if (notes.master !== master || isAlive(record, isInUse) === 'dead') continue;
    users.push(`${containerId} (${ifName}, ${notes.type.replace(/^type /, '')})`);
  }
  return users;
}

function reasonOnUp({ settings, master }: InnerLink, { errno }: PlanError): string {
  if (errno === 'EINVAL' || settings.mac === undefined) return '';
  return `another link on ${master} has the MAC ${settings.mac} already`;
}
