import type { IpCommand } from '../../ip/command.ts';
import type { NativeCommand } from '../commands.ts';
import { filterAdd } from './filter-add.ts';
import { qdiscAdd, qdiscDel } from './qdisc-change.ts';
import { filterShow, qdiscShow } from './show.ts';

/**
 * The native form of a `tc` command; `undefined` when there is none, and then `tc` has to do it. As with those of `ip`,
 * only forms that plugins write are known, to the letter.
 */
export function tcForm({ program, options, words }: IpCommand): NativeCommand | undefined {
  const [object, verb] = words;
  if (program !== 'tc') return undefined;
  if (verb === 'show') {
    if (object === 'qdisc') return options.length === 1 && options[0] === '-r' ? qdiscShow(words) : undefined;
    return object === 'filter' && options.length === 0 ? filterShow(words) : undefined;
  }
  if (options.length > 0) return undefined;
  if (object === 'filter') return verb === 'add' ? filterAdd(words) : undefined;
  if (object !== 'qdisc') return undefined;
  return verb === 'add' ? qdiscAdd(words) : verb === 'del' ? qdiscDel(words) : undefined;
}
