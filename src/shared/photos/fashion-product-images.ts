import { FASHION_MNIST_CLASSES } from '../data/fashion-mnist.js';
import type { Recode } from './recode.js';

/**
 * Fashion Product Images (Param Aggarwal, Kaggle, 2019): 44,000 photographs of articles, as
 * `images/ID.jpg` and a table `styles.csv`, in some lines of which the last field, the name of the
 * product, holds commas. Its article types as the ten classes of Fashion-MNIST, as in the report on
 * `recipes/r4.json` (Sharifi, Hannesdottir, Dan).
 */
const FROM: readonly (readonly string[])[] = [
  ['Tshirts', 'Tops'],
  [
    ...['Jeans', 'Track Pants', 'Trousers', 'Rain Trousers', 'Leggings', 'Jeggings'],
    ...['Shorts', 'Capris'],
  ],
  ['Sweatshirts', 'Sweaters'],
  ['Dresses', 'Tunics', 'Kurtas', 'Kurtis', 'Churidar', 'Salwar', 'Lehenga Choli'],
  ['Rain Jacket', 'Waistcoat', 'Blazers', 'Jackets', 'Nehru Jackets'],
  ['Flip Flops', 'Sandals', 'Sports Sandals'],
  ['Shirts'],
  ['Casual Shoes', 'Sports Shoes', 'Flats'],
  [
    ...['Handbags', 'Laptop Bag', 'Backpacks', 'Clutches', 'Duffel Bag', 'Trolley Bag'],
    ...['Mobile Pouch', 'Messenger Bag', 'Rucksacks'],
  ],
  ['Formal Shoes', 'Heels'],
];

export const FASHION_PRODUCT_IMAGES = 'fashion-product-images';

export const fashionProductImages: Recode = {
  classes: FASHION_MNIST_CLASSES.map((name, label) => ({ name, from: FROM[label]! })),
  table: {
    file: 'styles.csv',
    photo: 'images/{id}.jpg',
    label: 'articleType',
    extraCommas: 'joinLast',
    // Of some lines there is no picture in what is published.
    missing: 'leaveOut',
  },
};
