/** A file with an ELF header and section table that describe the given sections. */
export function makeElf(sections: Readonly<Record<string, string>>): Buffer {
  const contents = new Map(Object.entries(sections));
  const names = ['.shstrtab', ...contents.keys()];
  contents.set('.shstrtab', `\0${names.join('\0')}\0`);
  const header = Buffer.alloc(64);
  const bodies: Buffer[] = [];
  const table: Buffer[] = [];
  let offset = header.length;
  let nameOffset = 1;
  for (const name of names) {
    const body = Buffer.from(contents.get(name) ?? '', 'latin1');
    const entry = Buffer.alloc(64);
    entry.writeUInt32LE(nameOffset, 0);
    entry.writeBigUInt64LE(BigInt(offset), 24);
    entry.writeBigUInt64LE(BigInt(body.length), 32);
    bodies.push(body);
    table.push(entry);
    offset += body.length;
    nameOffset += name.length + 1;
  }
  header.write('\x7fELF\x02\x01', 'latin1');
  header.writeBigUInt64LE(BigInt(offset), 0x28);
  header.writeUInt16LE(64, 0x3a);
  header.writeUInt16LE(table.length, 0x3c);
  return Buffer.concat([header, ...bodies, ...table]);
}
