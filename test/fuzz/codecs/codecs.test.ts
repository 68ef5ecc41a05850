import { join } from 'node:path';
import { test } from 'vitest';
import { driver } from '../../../scripts/lib/driver.ts';
import { ROOT } from '../../../scripts/lib/project.ts';
import { bySize } from '../../proof/size.ts';
import { DRIVER, expectAllToHold } from './drive.ts';

/** The executable may have so much in all: an input that makes a reader ask for more ends it. */
const MOST_KILOBYTES = 512 * 1024;
const TIMEOUT_MS = 7_200_000;

test(
  'every reader understands or refuses whatever it is given: Node',
  () => {
    const argv = ['node', join(ROOT, 'scripts/run.mjs'), join(ROOT, DRIVER)];
    return expectAllToHold({ name: 'Node', inputs: bySize(2_000, 50_000), argv });
  },
  TIMEOUT_MS,
);

test(
  'every reader understands or refuses whatever it is given: the executable',
  async () => {
    const argv = ['sh', '-c', `ulimit -v ${MOST_KILOBYTES}; exec "$0" "$@"`, await driver(DRIVER)];
    await expectAllToHold({ name: 'the executable', inputs: bySize(200, 10_000), argv, slower: 4 });
  },
  TIMEOUT_MS,
);
