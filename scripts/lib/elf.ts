/** The bytes of a named section of a 64-bit little-endian ELF file, as a view of the file. */
export function findSection(elf: Buffer, wanted: string): Buffer {
  if (elf.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') throw new Error('not a 64-bit little-endian ELF file');
  const tableOffset = Number(elf.readBigUInt64LE(0x28));
  const entrySize = elf.readUInt16LE(0x3a);
  const count = elf.readUInt16LE(0x3c);
  const entry = (index: number) => {
    const header = elf.subarray(tableOffset + index * entrySize, tableOffset + (index + 1) * entrySize);
    const offset = Number(header.readBigUInt64LE(24));
    return {
      nameOffset: header.readUInt32LE(0),
      bytes: elf.subarray(offset, offset + Number(header.readBigUInt64LE(32))),
    };
  };
  const names = entry(elf.readUInt16LE(0x3e)).bytes;
  for (let index = 0; index < count; index++) {
    const { nameOffset, bytes } = entry(index);
    if (names.toString('latin1', nameOffset, names.indexOf(0, nameOffset)) === wanted) return bytes;
  }
  throw new Error(`the executable has no section ${wanted}`);
}
