import { test } from 'vitest';
import { driver } from '../../scripts/lib/driver.ts';
import { DRIVER, expectAllToHold } from '../fuzz/codecs/drive.ts';
import { bySize } from '../proof/size.ts';
import { ENVIRONMENT } from './environment.ts';

test('what readers are given never has the engine make a mistake', async () => {
  // Sanitized frames are several times as large, and texts nest as deep as ever.
  const argv = ['sh', '-c', 'ulimit -s 32768; exec "$0" "$@"', await driver(DRIVER, 'sanitized')];
  await expectAllToHold({
    name: 'the sanitized engine',
    inputs: bySize(200, 5_000),
    argv,
    environment: ENVIRONMENT,
    slower: 20,
  });
}, 7_200_000);
