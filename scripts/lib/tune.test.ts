import { describe, expect, it } from 'vitest';
import { makeElf } from './elf.fixture.ts';
import { tune } from './tune.ts';

const DEFAULTS = '\xc6\x05\x11\x22\x33\x44\x01\x48\xb8\x20\0\0\0\x40\0\0\0\x48\x89\x05';

describe('tune', () => {
  it('changes the one byte that is the default', () => {
    const elf = makeElf({ '.text': `before${DEFAULTS}behind` });
    const before = Buffer.from(elf);
    expect(tune(elf, 'amd64')).toBe(true);
    const at = before.indexOf(Buffer.from(DEFAULTS, 'latin1')) + 6;
    before[at] = 0;
    expect(elf.equals(before)).toBe(true);
  });

  it('refuses a runtime in which it is not there, or is there twice', () => {
    const others = [DEFAULTS.replace('\x40', '\x41'), DEFAULTS.replace('\x01', '\0'), '', DEFAULTS + DEFAULTS];
    for (const text of others) {
      expect(() => tune(makeElf({ '.text': text }), 'amd64')).toThrow('useWarmUpMarkedBlocks is not set');
    }
  });

  it('leaves other architectures as they are', () => {
    const elf = makeElf({ '.text': DEFAULTS });
    const before = Buffer.from(elf);
    expect(tune(elf, 'arm64')).toBe(false);
    expect(elf.equals(before)).toBe(true);
  });
});
