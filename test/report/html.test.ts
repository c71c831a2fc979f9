import { inflateSync } from 'node:zlib';
import t from 'tap';
import { html } from '#src/report/html.js';
import { encodePng } from '#src/report/png.js';

t.test('what is put into a template is text, unless it is HTML itself', (t) => {
  const inner = html`<b title="${`"'`}">${'<i>&'}</b>`;
  const text = html`<p>${inner}${[1, html`<i></i>`, null]}</p>`.text.trim();
  t.equal(text, '<p><b title="&quot;&#39;">&lt;i&gt;&amp;</b>1<i></i></p>');
  t.end();
});

t.test('a PNG has the sizes, the colour type and the pixels that it was given', (t) => {
  const png = encodePng(Uint8Array.of(1, 2, 3, 4, 5, 6), { height: 1, width: 2, channels: 3 });
  t.equal(png.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
  t.same([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]], [2, 1, 8, 2]);
  const length = png.readUInt32BE(33);
  t.same([...inflateSync(png.subarray(41, 41 + length))], [0, 1, 2, 3, 4, 5, 6]);
  // The end of every PNG: an empty IEND with its CRC.
  t.equal(png.subarray(-12).toString('hex'), '0000000049454e44ae426082');
  t.end();
});
