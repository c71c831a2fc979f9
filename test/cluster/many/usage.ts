import { readFileSync } from 'node:fs';

const TICKS_A_SECOND = 100;

/** What a process has used since its start. */
export interface Usage {
  readonly at: number;
  readonly cpuSeconds: number;
  /** To sockets and files. */
  readonly written: number;
  readonly mostMemoryBytes: number;
}

/** Throws where there is no such process any more. */
export function usageOf(pid: number): Usage {
  const proc = (name: string): string => readFileSync(`/proc/${String(pid)}/${name}`, 'utf8');
  const fields = proc('stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  return {
    at: performance.now() / 1000,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
    written: Number(/wchar: (\d+)/.exec(proc('io'))![1]),
    mostMemoryBytes: Number(/VmHWM:\s+(\d+)/.exec(proc('status'))![1]) * 1024,
  };
}
