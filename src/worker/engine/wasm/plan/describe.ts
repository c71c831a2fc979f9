import type { PlanMemory } from './plan.js';

/** What a plan's memory is for, in lines: for people who wonder where it goes. */
export function describeMemory(memory: PlanMemory): readonly string[] {
  const { staged, activations, gradients, saved, scratch } = memory.parts;
  const gaps = memory.threadBytes - staged - activations - gradients - saved - scratch;
  const parts: [string, number][] = [
    ['activations', activations],
    ['gradients of activations', gradients],
    ['saved for backward', saved],
    ['scratch', scratch],
    ['staged samples', staged],
    ['gaps', gaps],
  ];
  return [
    `prepared weights, once: ${mebibytes(memory.sharedBytes)}`,
    `each thread: ${mebibytes(memory.threadBytes)} (${parts
      .filter(([, bytes]) => bytes > 0)
      .map(([name, bytes]) => `${name} ${mebibytes(bytes)}`)
      .join(', ')})`,
  ];
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1048576).toFixed(1)} MiB`;
}
