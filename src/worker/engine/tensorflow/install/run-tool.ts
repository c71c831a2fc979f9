import { spawn } from 'node:child_process';

export interface ToolEnd {
  readonly status: number | null;
  /** The end of what it wrote to either stream. */
  readonly output: string;
  readonly seconds: number;
}

/** Runs a program to its end. What it cannot do it says in its output. */
export function runTool(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<ToolEnd> {
  const began = performance.now();
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream
      .setEncoding('utf8')
      .on('data', (text: string) => (output = (output + text).slice(-4000)));
  }
  return new Promise((resolve) => {
    const end = (status: number | null) => {
      resolve({ status, output: output.trim(), seconds: (performance.now() - began) / 1000 });
    };
    child.once('error', (error) => {
      output += error.message;
      end(null);
    });
    child.once('close', end);
  });
}
