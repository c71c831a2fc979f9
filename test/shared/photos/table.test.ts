import t from 'tap';
import { columnOf, parseTable } from '#src/shared/photos/table.js';

const fieldsOf = (text: string, extra: 'error' | 'joinLast' = 'error') =>
  parseTable(text, 't.csv', extra).rows.map(({ fields }) => fields);

t.test('fields, quotes, line ends and empty lines, as RFC 4180 has them', async (t) => {
  const text = '\ufefffile,label\r\na.png,cat\n\n"b,1.png","say ""meow"""\r\n"two\nlines",\nlast,x';
  const table = parseTable(text, 't.csv', 'error');
  t.same(table.columns, ['file', 'label']);
  t.same(table.rows, [
    { line: 2, fields: ['a.png', 'cat'] },
    { line: 4, fields: ['b,1.png', 'say "meow"'] },
    { line: 5, fields: ['two\nlines', ''] },
    { line: 7, fields: ['last', 'x'] },
  ]);
  t.equal(columnOf(table, 'label', 't.csv'), 1);
  t.throws(() => columnOf(table, 'class', 't.csv'), {
    code: 'DATA_TABLE_INVALID',
    message: 't.csv, line 1: no column is called "class": there are file, label.',
  });
});

t.test('lines that do not fit are named', async (t) => {
  const wrong = (text: string, message: RegExp) =>
    t.throws(() => parseTable(text, 't.csv', 'error'), { code: 'DATA_TABLE_INVALID', message });
  wrong('', /line 1: there is no header/);
  wrong('a,a\n', /two columns are called "a"/);
  wrong('a,b\n1,2\n3\n', /t\.csv, line 3: it has 1 fields, and the header 2/);
  wrong('a,b\n1,2,3\n', /line 2: it has 3 fields, and the header 2/);
  wrong('a,b\n1,"2\n', /line 2: a quote is not closed/);
  wrong('a,b\n1,"2"x\n', /line 2: a quote is not closed, or text follows it/);
});

t.test(
  'commas within the last field are taken for what they are, where that is told',
  async (t) => {
    const text =
      'id,type,name\n1,Tshirts,Plain\n2,Jeans,"5 pocket", blue, washed\n3,Tops,"Half open\n4,x,y\n';
    t.same(fieldsOf(text, 'joinLast'), [
      ['1', 'Tshirts', 'Plain'],
      ['2', 'Jeans', '5 pocket, blue, washed'],
      ['3', 'Tops', '"Half open'],
      ['4', 'x', 'y'],
    ]);
    t.equal(parseTable(text, 't.csv', 'joinLast').joinedLines, 1);
    t.throws(() => fieldsOf('a,b,c\n1,2\n', 'joinLast'), { message: /2 fields, and the header 3/ });
  },
);
