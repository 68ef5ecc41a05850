import { configError } from '../../pkg/config/config-error.ts';
import { duplicateKeyUnder } from '../../pkg/json/duplicates.ts';
import { isIpAction, type WorkAction, type WorkContext } from '../../pkg/plan/action.ts';
import { sysctlAction } from '../../pkg/plan/sysctl.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { CniError, toCniError } from '../../pkg/types/error.ts';
import type { TuningConf } from './schema.ts';

/** A control character; a tab is none. */
const CONTROL = /[^\t -~\u0080-\uffff]/;

/** A setting of the container's network, checked. */
export interface Sysctl {
  /** As it is written in the configuration. */
  readonly key: string;
  readonly value: string;
  /** Its file, below /proc/sys/net/. */
  readonly path: string;
}

/** Nothing outside is the container's own. */
const ROOT = '/proc/sys/net/';

/**
 * The setting that a key names: dots are slashes, and the first `IFNAME` is the interface, whose own dots stay.
 *
 * @throws {CniError} code 7, for what is not below `net.`
 */
export function sysctlOf(key: string, value: string, ifName: string): Sysctl {
  const name = key.replaceAll('.', '/').replace('IFNAME', () => ifName);
  const parts: string[] = [];
  let isPlain = !CONTROL.test(name);
  for (const part of name.split('/')) {
    // The kernel skips empty parts, so they are no danger; only an interface's name can bring dots back.
    if (part === '.' || part === '..') isPlain = false;
    else if (part !== '') parts.push(part);
  }
  const path = `/proc/sys/${parts.join('/')}`;
  if (!isPlain || !path.startsWith(ROOT)) {
    const expected = 'a setting below net. such as "net.ipv4.conf.IFNAME.arp_notify"';
    throw configError(`invalid net sysctl key: ${JSON.stringify(name)}`, `sysctl["${key}"]`, key, expected);
  }
  if (CONTROL.test(value.trimEnd())) {
    const expected = 'one line without control characters';
    throw configError(`invalid value of sysctl ${key}`, `sysctl["${key}"]`, value, expected);
  }
  return { key, value, path };
}

/** How two values compare: the kernel prints numbers with its own spaces between them. */
export function sameValue(a: string, b: string): boolean {
  return words(a) === words(b);
}

function words(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}

/** Refuses a configuration that says two things about one setting: which one is meant nobody knows. */
export function refuseDuplicates({ conf, configText }: Call<TuningConf>): void {
  if (conf.sysctl === undefined) return;
  const key = duplicateKeyUnder(configText, 'sysctl');
  if (key === undefined) return;
  throw configError('duplicated sysctl keys are not allowed', `sysctl["${key}"]`, key, 'each setting once');
}

/** Makes all settings; when some cannot be made, all that fail are named and the others are taken back. */
export function sysctlsAction(sysctls: readonly Sysctl[]): WorkAction {
  const actions: WorkAction[] = [];
  for (const { path, value } of sysctls)
    actions.push(sysctlAction(path.slice('/proc/sys/'.length), value, { restore: true }));
  return {
    kind: 'sysctls',
    print: (place) => actions.flatMap((action) => [...action.print(place)]),
    async run(context) {
      const undo: WorkAction[] = [];
      const failures: CniError[] = [];
      for (const action of actions) {
        try {
          const done = await action.run(context);
          for (const one of done.undo ?? []) if (!isIpAction(one)) undo.unshift(one);
        } catch (thrown) {
          failures.push(toCniError(thrown));
        }
      }
      if (failures.length === 0) return { undo };
      throw together(failures, await takenBack(undo, context));
    },
  };
}

/** What could not be taken back, one line each. */
async function takenBack(undo: readonly WorkAction[], context: WorkContext): Promise<readonly string[]> {
  const left: string[] = [];
  for (const action of undo) {
    try {
      await action.run(context);
    } catch (thrown) {
      left.push(`could not be taken back: ${toCniError(thrown)}`);
    }
  }
  return left;
}

function together(failures: readonly CniError[], left: readonly string[]): CniError {
  const [first, ...others] = failures;
  const also = others.map((failure) => `also: ${failure}`);
  const why = 'a key of "sysctl" names a setting that this kernel does not have, or a value that it does not take';
  return new CniError(first?.code ?? 999, first?.message ?? '', [why, ...also, ...left].join('; '));
}
