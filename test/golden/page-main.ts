/** What the page of `browser-engine.ts` runs: a program, whose result goes back to the server. */
import type { Program } from './engine.js';

async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`/${path}`);
  if (!response.ok) throw new Error(`/${path}: HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function outcome(module: string): Promise<unknown> {
  try {
    const { default: program } = (await import(`/${module}`)) as { default: Program };
    return { result: await program(read) };
  } catch (error) {
    return { error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) };
  }
}

const module = new URLSearchParams(location.search).get('module') ?? '';
await fetch('/result', { method: 'POST', body: JSON.stringify(await outcome(module)) });
