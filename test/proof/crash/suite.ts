import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Chain } from './chains.ts';
import { type Matrix, openMatrix } from './matrix.ts';

/** Kills each verb of each of these chains; see docs/proof.md. */
export function killChains(chains: readonly Chain[]): void {
  for (const [turn, chain] of chains.entries()) {
    describe(chain.name, () => {
      let matrix: Matrix | undefined;
      beforeAll(async () => {
        matrix = await openMatrix(chain, turn);
      });
      afterAll(() => matrix?.dispose());

      test.each(['ADD', 'DEL'] as const)('%s', async (verb) => {
        if (matrix === undefined) throw new Error('not ready');
        const { points, tried, hits, defects } = await matrix.run(verb);
        const { there, elsewhere, missed } = hits;
        const kills = `${there} killed at the very call, ${elsewhere} at another, ${missed} not`;
        console.log(`${chain.name}, ${verb}: ${points} points, ${tried} tried, ${kills}; ${defects.length} defects`);
        expect(defects.join('\n\n')).toBe('');
        // What runs beside something else comes a call sooner or later; nearly all have to have been killed somewhere.
        expect(there + elsewhere).toBeGreaterThan(tried * 0.8);
      });
    });
  }
}
