import { CHAINS } from './crash/chains.ts';
import { killChains } from './crash/suite.ts';

killChains(CHAINS.LINKS);
