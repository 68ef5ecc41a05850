import { describeCalls } from './containerd-calls.ts';

await describeCalls('2.1');
