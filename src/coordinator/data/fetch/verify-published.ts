/** Whether a file holds what was published, however it was compressed. */
import { createHash } from 'node:crypto';
import type { PublishedFile } from '../../../shared/data/fashion-mnist.js';
import { LockstepError } from '../../../shared/errors.js';
import { readIdx } from '../decode-folder.js';
import { readWhole, sha256 } from '../read-file.js';

/**
 * The SHA-256 of the IDX file inside decides; the MD5 of the .gz, which the publisher gives, is
 * named in the error for comparison by hand.
 * @throws LockstepError DATA_CHECKSUM, DATA_GZIP_INVALID, DATA_IDX_INVALID, DATA_FILE_UNREADABLE
 */
export function verifyPublished(path: string, file: PublishedFile): void {
  const got = sha256(readIdx(path, file.kind));
  if (got === file.idxSha256) return;
  const md5 = createHash('md5').update(readWhole(path)).digest('hex');
  throw new LockstepError(
    'DATA_CHECKSUM',
    `What was received as ${file.name} is another file: unpacked it has SHA-256 ${got}, expected ` +
      `${file.idxSha256}; packed it has MD5 ${md5}, published was ${file.gzipMd5}.`,
    { where: { file: path }, hint: 'Fetch it again, or from another source.' },
  );
}
