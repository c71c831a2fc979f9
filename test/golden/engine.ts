/**
 * A JavaScript engine that can run one of our ES modules. The module's default export is a
 * `Program`: it reads files of the repository through `read`, in Node from disk, in a browser
 * from our own server, and returns something that JSON can carry exactly.
 */
export type Read = (path: string) => Promise<Uint8Array<ArrayBuffer>>;
export type Program = (read: Read) => Promise<unknown>;

export interface JavaScriptEngine {
  /** For the test's title. */
  readonly name: string;
  /**
   * Runs the module at this path of the repository.
   * @throws Error with the engine's own output, when it fails or takes longer than `timeoutMillis`.
   */
  run(module: string, timeoutMillis: number): Promise<unknown>;
}

/** What an engine that could not run the program says: its name, why, and its last output. */
export class EngineFailure extends Error {
  constructor(engine: string, reason: string, output: string) {
    super(`${engine}: ${reason}${output === '' ? '' : `\n${output.slice(-4000)}`}`);
    this.name = 'EngineFailure';
  }
}
