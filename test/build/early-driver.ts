// A program that looks at the world before it is called: no picture can be made of it.
import { readTextFile } from '../../pkg/sys/files.ts';

export const HOST_NAME = readTextFile('/etc/hostname');
