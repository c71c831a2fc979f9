/**
 * Fashion-MNIST as published (Xiao, Rasul and Vollgraf, arXiv:1708.07747;
 * https://github.com/zalandoresearch/fashion-mnist): 60,000 training and 10,000 test images of
 * 28 × 28 gray pixels, ten classes with equally many images each.
 */
export const FASHION_MNIST_NAME = 'fashion-mnist';

export const FASHION_MNIST_CLASSES: readonly string[] = Object.freeze([
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
]);

export const FASHION_MNIST_URL = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/';
export const FASHION_MNIST_PACKAGE = 'dataset-fashion-mnist';

/** `DataSet.digest` of the published set. */
export const FASHION_MNIST_DIGEST =
  'ebc939926aa152ce482a95ffb816c189fd03aa4f0211e8c1d56f8a1c25b3029b';

export type Split = 'train' | 'test';

export interface PublishedFile {
  readonly name: string;
  readonly split: Split;
  readonly kind: 'images' | 'labels';
  /** Length of the .gz file at the publisher's address; Debian's are a few bytes shorter. */
  readonly gzipBytes: number;
  /** Of the .gz file, as the publisher's README gives it. */
  readonly gzipMd5: string;
  /** SHA-256 of the IDX file inside, header included: the same however it was compressed. */
  readonly idxSha256: string;
  /** SHA-256 of the pixels or of the labels (uint8) alone: the same in IDX and in CSV. */
  readonly elementsSha256: string;
}

/** Small files first, so that an unreachable or wrong server is noticed early. */
export const FASHION_MNIST_FILES: readonly PublishedFile[] = Object.freeze([
  {
    name: 't10k-labels-idx1-ubyte.gz',
    split: 'test',
    kind: 'labels',
    gzipBytes: 5148,
    gzipMd5: 'bb300cfdad3c16e7a12a480ee83cd310',
    idxSha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
    elementsSha256: '3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9',
  },
  {
    name: 'train-labels-idx1-ubyte.gz',
    split: 'train',
    kind: 'labels',
    gzipBytes: 29515,
    gzipMd5: '25c81989df183df01b3e8a0aad5dffbe',
    idxSha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    elementsSha256: '657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7',
  },
  {
    name: 't10k-images-idx3-ubyte.gz',
    split: 'test',
    kind: 'images',
    gzipBytes: 4422102,
    gzipMd5: 'bef4ecab320f06d8554ea6380940ec79',
    idxSha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    elementsSha256: 'c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a',
  },
  {
    name: 'train-images-idx3-ubyte.gz',
    split: 'train',
    kind: 'images',
    gzipBytes: 26421880,
    gzipMd5: '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
    idxSha256: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    elementsSha256: '2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012',
  },
]);

export function publishedFile(split: Split, kind: 'images' | 'labels'): PublishedFile {
  return FASHION_MNIST_FILES.find((file) => file.split === split && file.kind === kind)!;
}
