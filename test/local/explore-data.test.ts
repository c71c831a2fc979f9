import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { exploreData } from '#src/index.js';
import { embed } from '#src/local/explore/explore-data.js';
import { installPeers } from '../golden/peers.js';
import { seePage } from '../support/chromium.js';
import { fashionMnist } from '../support/fashion-mnist.js';
import { realImages } from '../support/small-runs.js';

t.setTimeout(1_800_000);

t.test('t-SNE puts images of one class beside each other, by the seed alone', async (t) => {
  const { train } = await fashionMnist();
  const shares: number[] = [];
  const { points, labels } = await embed(train, 500, 3, (share) => shares.push(share));
  let same = 0;
  labels.forEach((label, i) => {
    let [nearest, least] = [-1, Infinity];
    labels.forEach((_, j) => {
      if (i === j) return;
      const squared =
        (points[2 * i]! - points[2 * j]!) ** 2 + (points[2 * i + 1]! - points[2 * j + 1]!) ** 2;
      if (squared < least) [nearest, least] = [j, squared];
    });
    if (labels[nearest] === label) same += 1;
  });
  t.ok(same / labels.length > 0.6, `${String(same)} of 500 nearest neighbours are of the class`);
  t.equal(Buffer.compare(Buffer.from((await embed(train, 500, 3)).points.buffer), Buffer.from(points.buffer)), 0); // prettier-ignore
  t.equal(shares.at(-1), 1);
});

t.test('the page is whole, quiet and fits in a browser', async (t) => {
  const evil = '<img src=x onerror="console.error(1)">';
  const data = await realImages(300, 100);
  const classes = [evil, 'a name longer than any column of a narrow page would take', ...'23456789']; // prettier-ignore
  const file = join(t.testdir(), 'explore.html');
  await writeFile(file, await exploreData({ data: { ...data, classes }, points: 120, seed: 1 }));
  const peers = await installPeers();
  const look = `({
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    evil: document.querySelectorAll('img[src=x]').length,
    text: document.body.innerText,
    images: document.images.length,
    points: [...document.querySelectorAll('path[style]')].map((path) => path.getAttribute('d')).join('').split('M').length - 1,
  })`;
  for (const [width, scheme] of [
    [1400, 'dark'],
    [400, 'light'],
  ] as const) {
    const seen = await seePage(peers, pathToFileURL(file).href, width, scheme, look);
    const value = seen.value as { text: string } & Record<string, number>;
    t.same([seen.complaints, seen.requests], [[], []]);
    t.match(value, { overflow: 0, evil: 0, points: 120 });
    t.ok(value.text.includes(evil));
    t.equal(value['images'], 130, 'ten mean images, twelve of each class');
    const bytes = new Uint8Array(data.train.images);
    const mean = bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length / 255;
    t.ok(value.text.includes(mean.toFixed(4)), mean.toFixed(4));
  }
});
