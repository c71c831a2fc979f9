import t from 'tap';
import { FASHION_MNIST_CLASSES } from '#src/shared/data/fashion-mnist.js';
import { fashionProductImages } from '#src/shared/photos/fashion-product-images.js';
import { labelsOf, parseRecode } from '#src/shared/photos/recode.js';

t.test('the recode of Fashion Product Images is the report’s', async (t) => {
  const labels = labelsOf(fashionProductImages);
  t.equal(labels.size, 42, 'each article type once');
  const of = (label: number) => [...labels].filter(([, to]) => to === label).map(([name]) => name);
  t.same(of(0), ['Tshirts', 'Tops']);
  t.same(of(3), ['Dresses', 'Tunics', 'Kurtas', 'Kurtis', 'Churidar', 'Salwar', 'Lehenga Choli']);
  t.same(of(7), ['Casual Shoes', 'Sports Shoes', 'Flats']);
  t.same(of(9), ['Formal Shoes', 'Heels']);
  t.same(
    fashionProductImages.classes.map(({ name }) => name),
    FASHION_MNIST_CLASSES,
  );
  t.same(parseRecode(JSON.parse(JSON.stringify(fashionProductImages)), 'x'), fashionProductImages);
});

t.test('a recode of one’s own is checked, every fault at once', async (t) => {
  const classes = [
    { name: 'cat', from: ['tabby', 'siamese'] },
    { name: 'dog', from: ['poodle'] },
  ];
  t.same([...labelsOf(parseRecode({ classes }, 'r.json'))], [['tabby', 0], ['siamese', 0], ['poodle', 1]]); // prettier-ignore
  t.throws(() => parseRecode({ classes: [classes[0]], tabel: {} }, 'r.json'), {
    code: 'CONFIG_INVALID',
    message: /r\.json has faults:(?=[^]*classes: )[^]*tabel: no such key; did you mean table\?/,
  });
  const twice = [classes[0], { name: 'dog', from: ['tabby'] }];
  t.throws(() => parseRecode({ classes: twice }, 'r.json'), { message: /"tabby" is named twice/ });
});
