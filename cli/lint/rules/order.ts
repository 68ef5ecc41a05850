import { nearest } from '../../../pkg/config/typo.ts';
import { readFields } from '../../../pkg/types/decode.ts';
import { PLUGIN_NAMES } from '../../../plugins/names.ts';
import type { Entry, LintDocument } from '../document.ts';
import { CHAINED_TYPES, IPAM_TYPES, MAIN_TYPES } from '../facts.ts';
import type { Path, Problems } from '../finding.ts';

const OF_LISTS = [...MAIN_TYPES, ...CHAINED_TYPES, 'loopback'];

/** Which plugins there are, and in which order. */
export function checkOrder({ entries, isList }: LintDocument, problems: Problems): void {
  for (const [index, entry] of entries.entries()) {
    const { type, path } = entry;
    if (!hasType(entry, problems)) continue;
    const at = [...path, 'type'];
    if (IPAM_TYPES.includes(type)) {
      const help = `write "ipam": { "type": "${type}", … } in the configuration of a plugin that makes an interface`;
      problems.error(at, `${type} only gives addresses and cannot stand by itself`, help);
    } else if (index === 0 && CHAINED_TYPES.includes(type)) {
      const help = isList
        ? 'put a plugin that makes an interface in front of it, such as bridge'
        : 'write a list (.conflist) with a plugin that makes an interface in front of it';
      problems.error(at, `${type} works on what a plugin before it has made, and is the first`, help);
    } else if (index > 0 && MAIN_TYPES.includes(type)) {
      const first = entries[0]?.type ?? '';
      const isSecond = MAIN_TYPES.includes(first);
      const message = `${type} makes an interface of its own, and is not the first`;
      const help = isSecond
        ? `"${first}" makes the container's interface already: both would be called the same; one list makes one interface`
        : 'put it in front of the plugins that work on what it makes';
      if (isSecond || CHAINED_TYPES.includes(first)) problems.error(at, message, help);
    } else if (CHAINED_TYPES.includes(type) && type !== 'tuning') checkRepeated(entries, index, problems);
  }
}

function hasType({ type, path, raw }: Entry, problems: Problems): boolean {
  if (type !== '') return true;
  const found = readFields(raw, '', ['type']).type;
  if (found === undefined || found === '') {
    problems.error([...path, 'type'], 'no "type": nothing says which plugin is called', 'add it: "type": "bridge"');
  } else problems.error([...path, 'type'], 'the type is not a text', 'write the name of a plugin in double quotes');
  return false;
}

function checkRepeated(entries: readonly Entry[], index: number, problems: Problems): void {
  const entry = entries[index];
  const former = entries.findIndex(({ type }) => type === entry?.type);
  if (entry === undefined || former === index) return;
  const message = `${entry.type} stands twice in the list (plugins[${former}])`;
  problems.warning([...entry.path, 'type'], message, 'what it makes for the container is made twice; remove one');
}

/** Whether the plugins are there; `isThere` is `undefined` where nothing can be said. */
export function checkInstalled(
  { entries }: LintDocument,
  problems: Problems,
  isThere: ((type: string) => boolean) | undefined,
): void {
  for (const { type, path, ipamType } of entries) {
    checkName(type, [...path, 'type'], [...OF_LISTS, ...IPAM_TYPES], problems, isThere);
    // One of the suite is called by another of it without a file of its own.
    const mayBeInside = isOfSuite(type) && isOfSuite(ipamType);
    checkName(ipamType, [...path, 'ipam', 'type'], IPAM_TYPES, problems, mayBeInside ? undefined : isThere);
  }
}

function isOfSuite(type: string): boolean {
  return (PLUGIN_NAMES as readonly string[]).includes(type);
}

function checkName(
  type: string,
  path: Path,
  known: readonly string[],
  problems: Problems,
  isThere: ((type: string) => boolean) | undefined,
): void {
  if (type === '' || isThere?.(type) === true) return;
  if (type.includes('/')) {
    problems.error(path, 'the type is a path', 'write the name of the file alone; the runtime knows the folder');
    return;
  }
  const meant = known.includes(type) ? undefined : nearest(type, known);
  if (meant !== undefined) problems.warning(path, `no plugin "${type}" is known`, `did you mean "${meant}"?`);
  else if (isThere !== undefined) {
    problems.note(path, `there is no plugin "${type}" on this node`, 'install it where the runtime looks for plugins');
  }
}
