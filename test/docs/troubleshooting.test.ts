import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../scripts/lib/project.ts';

/** The source without tests; what stands in templates' braces is what differs, and pieces that are joined are one. */
const SOURCES = ['pkg', 'plugins', 'cli'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8').replace(/['`]\s*\+\s*['`]/g, '')),
);

/** Whether some file has all fixed parts of a message, one behind the other on a line. */
function isInSource(message: string): boolean {
  const parts = message.split('…').map((part) => part.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const spelled = new RegExp(
    parts
      .filter((part) => part !== '')
      .join('.*')
      .replaceAll("'", "\\\\?'"),
  );
  return SOURCES.some((text) => spelled.test(text));
}

const page = readFileSync(join(ROOT, 'docs', 'troubleshooting.md'), 'utf8');
const messages = [...page.matchAll(/^### `(.+)`$/gm)].map(([, message = '']) => message);

describe('every message is in the source', () => {
  test.each(messages)('%s', (message) => {
    expect(isInSource(message)).toBe(true);
  });

  test('of enough kinds, each once', () => {
    expect(messages.length).toBeGreaterThanOrEqual(40);
    expect(new Set(messages).size).toBe(messages.length);
  });

  test('and one that is not would be found', () => {
    expect(isInSource('no IP addresses available in … kitchen')).toBe(false);
    expect(isInSource('the bridge is on fire')).toBe(false);
  });
});

test('every section says what helps', () => {
  for (const section of page.split(/^### /m).slice(1)) {
    const [, ...body] = section.split('\n');
    expect(
      body
        .join(' ')
        .replace(/^## .*/m, '')
        .trim().length,
    ).toBeGreaterThan(20);
  }
});
