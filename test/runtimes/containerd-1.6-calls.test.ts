import { describeCalls } from './containerd-calls.ts';

await describeCalls('1.6');
