import { availableParallelism } from 'node:os';
import type { ConfigEnvironment } from '../shared/config/resolve.js';
import { loadEngines, loadProduct, type Product } from './product.js';

/** The world of a command; tests hand in another. */
export interface CliContext {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly environment: ConfigEnvironment;
  readonly loadProduct: () => Promise<Product>;
  /** What is asked of engines without using one: loads little. */
  readonly loadEngines: () => Promise<Pick<Product, 'listEngines' | 'installTensorflow'>>;
}

export const processContext = (): CliContext => ({
  stdout: process.stdout,
  stderr: process.stderr,
  environment: { processors: availableParallelism(), now: new Date(), cwd: process.cwd() },
  loadProduct,
  loadEngines,
});

export function writeJson(stream: NodeJS.WritableStream, value: unknown): void {
  stream.write(`${JSON.stringify(value, null, 2)}\n`);
}
