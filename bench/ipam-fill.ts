// Fills a /16 through the library, one lock and one lease at a time, and prints the milliseconds of every slice;
// started by ipam.ts as an executable of its own. Arguments: folder, number of leases, leases in a slice.
import { allocate } from '../pkg/ipam/allocate.ts';
import { readRangeSets } from '../pkg/ipam/range-config.ts';
import { withLeases } from '../pkg/ipam/store.ts';
import { writeText } from '../pkg/sys/files/files.ts';
import { writeOut } from '../pkg/sys/files/write-out.ts';

const [dataDir = '', total = '', slice = ''] = process.argv.slice(2);
const config = { subnet: '10.16.0.0/16' };
const rangeSets = readRangeSets([{ key: 'ranges', ranges: [{ key: 'range', config }] }]);
const options = { dataDir, network: 'fill', warn: (line: string) => writeText(2, `${line}\n`) };
const times: number[] = [];
for (let given = 0; given < Number(total); ) {
  const start = performance.now();
  for (const end = given + Number(slice); given < end; given++) {
    const owner = { containerId: `container-${given}`, ifName: 'eth0' };
    const request = { owner, rangeSets, requested: [], reclaim: true };
    await withLeases(options, true, (store) => allocate(store, request));
  }
  times.push(performance.now() - start);
}
await writeOut('stdout', JSON.stringify(times));
