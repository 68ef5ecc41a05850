import { describe, expect, it } from 'vitest';
import { makeElf } from './elf.fixture.ts';
import { seal } from './seal.ts';

const REQUIRED = 'BUN_OPTIONSBUN_BE_BUN\0BUN_BYTECODE_ORDER_OUT\0BUN_INSPECT\0NODE_EXTRA_CA_CERTS\0';

describe('seal', () => {
  it('puts a character into each name that no environment variable can have', () => {
    const elf = makeElf({ '.rodata': `${REQUIRED}BUN_SHOW_BUN_STACKFRAMESNODE_PRESERVE_SYMLINKS` });
    expect(seal(elf)).toEqual({ changed: 8 });
    expect(elf.toString('latin1')).toContain(
      'BUN=OPTIONSBUN=BE_BUN\0BUN=BYTECODE_ORDER_OUT\0BUN=INSPECT\0NODE=EXTRA_CA',
    );
    expect(elf.toString('latin1')).toContain('BUN=SHOW_BUN=STACKFRAMESNODE=PRESERVE_SYMLINKS');
  });

  it('leaves alone what is not an environment variable or cannot be switched off this way', () => {
    const kept =
      'BUN_JSC_useJIT BUN_FFI_IMPORT NODE_API_MODULE NODE_PERFORMANCE_GC_MAJOR BUN_lower NODE_ENV process.env.BUN_ENV process.env.NODE_PATH';
    const elf = makeElf({ '.rodata': REQUIRED + kept });
    seal(elf);
    expect(elf.toString('latin1')).toContain(kept);
  });

  it('changes nothing outside the string constants', () => {
    const elf = makeElf({ '.dynstr': 'BUN_SYMBOL', '.rodata': REQUIRED, '.bun_builtins': 'process.env.NODE_DEBUG' });
    const length = elf.length;
    seal(elf);
    expect(elf.toString('latin1')).toContain('BUN_SYMBOL');
    expect(elf.toString('latin1')).toContain('process.env.NODE_DEBUG');
    expect(elf).toHaveLength(length);
  });

  it('refuses a runtime that it does not know', () => {
    expect(() => seal(makeElf({ '.rodata': 'BUN_OPTIONS' }))).toThrow('BUN_BE_BUN is not in the runtime');
    expect(() => seal(makeElf({ '.text': '' }))).toThrow('no section .rodata');
    expect(() => seal(Buffer.from('#!/bin/sh'))).toThrow('not a 64-bit little-endian ELF file');
  });
});
