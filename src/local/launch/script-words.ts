import { parseSocketAddress } from '../../shared/link/socket-address.js';
import type { NamedWorker } from './read-cluster.js';

const DEFAULT_PORT = 7333;

/** A script cannot be told which free port was picked. */
export const fixedPort = (listen: string): number =>
  parseSocketAddress(listen).port || DEFAULT_PORT;

export const workerFlags = ({ name, threads, engine, gpus, ...memory }: NamedWorker): string[] => [
  ...['--name', name],
  ...(threads === null ? [] : ['--threads', String(threads)]),
  ...(engine === null ? [] : ['--engine', engine]),
  ...(gpus === null ? [] : ['--gpus', gpus]),
  ...(memory.dataMemory === null ? [] : ['--data-memory', String(memory.dataMemory)]),
  ...(memory.keepFeatures === null ? [] : ['--keep-features', String(memory.keepFeatures)]),
];

/** One word of a shell, whatever is in it. */
export const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** Flags with the paths of files; none for a file that is null. Begins with a space. */
export const fileFlags = (files: Readonly<Record<string, string | null>>): string =>
  Object.entries(files)
    .map(([flag, path]) => (path === null ? '' : ` --${flag} ${quoted(path)}`))
    .join('');
