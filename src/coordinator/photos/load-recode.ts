import { resolve } from 'node:path';
import { readJson } from '../../shared/config/read-json.js';
import { LockstepError } from '../../shared/errors.js';
import {
  FASHION_PRODUCT_IMAGES,
  fashionProductImages,
} from '../../shared/photos/fashion-product-images.js';
import { parseRecode, type Recode } from '../../shared/photos/recode.js';

/** A recode that is built in, by its name; or a file. Throws CONFIG_*. */
export async function loadRecode(nameOrFile: string, cwd: string): Promise<Recode> {
  if (nameOrFile === FASHION_PRODUCT_IMAGES) return fashionProductImages;
  const path = resolve(cwd, nameOrFile);
  const hint = `Give ${FASHION_PRODUCT_IMAGES}, or a JSON file; docs/data.md, "Recoding", shows one.`;
  const value = await readJson(
    path,
    hint,
    (reason, cause) =>
      new LockstepError('CONFIG_FILE_NOT_JSON', `${path} is no recode: ${reason}.`, {
        cause,
        hint,
      }),
  );
  return parseRecode(value, path);
}
