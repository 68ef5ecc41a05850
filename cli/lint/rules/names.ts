import { validateInterfaceName } from '../../../pkg/skel/environment.ts';
import { readFields } from '../../../pkg/types/decode.ts';
import { CniError } from '../../../pkg/types/error.ts';
import type { LintDocument } from '../document.ts';
import type { Problems } from '../finding.ts';

const LEAST_MTU = 68;
const LEAST_MTU_OF_IPV6 = 1280;

/** Names of bridges that the kernel would refuse, and MTUs that IPv6 cannot do with. */
export function checkLinks({ entries }: LintDocument, problems: Problems): void {
  for (const { type, path, raw, ipam } of entries) {
    if (type !== 'bridge') continue;
    const { bridge, mtu } = readFields(raw, '', ['bridge', 'mtu']);
    if (typeof bridge === 'string' && bridge !== '') checkName(bridge, [...path, 'bridge'], problems);
    // What no link can have, the plugin itself refuses.
    if (typeof mtu !== 'number' || mtu < LEAST_MTU) continue;
    if (mtu < LEAST_MTU_OF_IPV6 && /"[0-9a-f]*:[0-9a-f:]*\//i.test(JSON.stringify(ipam ?? {}))) {
      const help = `at least ${LEAST_MTU_OF_IPV6}, or no IPv6 range`;
      problems.error([...path, 'mtu'], `there is no IPv6 on a link with an MTU of ${mtu}`, help);
    }
  }
}

function checkName(name: string, path: readonly (string | number)[], problems: Problems): void {
  try {
    validateInterfaceName(name);
  } catch (thrown) {
    if (!(thrown instanceof CniError)) throw thrown;
    problems.error(
      path,
      `"${name}" cannot be a bridge: ${thrown.message}`,
      'at most 15 bytes, without "/", ":" and spaces',
    );
  }
}
