/** What the finding, fetching and reading of a data set tells while it goes on. */
export interface DataProgress {
  /** `receive`: bytes from a network; `check`: checksums and sizes; `decode`: files to pixels. */
  readonly phase: 'receive' | 'check' | 'decode';
  /** Where from, or which file. */
  readonly subject: string;
  readonly doneBytes: number;
  /** 0 where it is not known beforehand. */
  readonly totalBytes: number;
}

export interface DataListener {
  /** Called often while bytes arrive; must return quickly. */
  readonly onProgress?: ((progress: DataProgress) => void) | undefined;
  /** A sentence for the user: a source that was passed over and why, a cache that cannot be kept. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}
