/**
 * Text that came from elsewhere, as it may be shown: what a terminal would obey is replaced, and a
 * line that it adds cannot be taken for one of ours. Colours stay.
 */
export function printable(text: string): string {
  return text
    .replaceAll(CONTROLS, (found) => (COLOUR.test(found) ? found : '\ufffd'))
    .replaceAll('\n', '\n  ');
}

/** Control characters but line feeds and tabs, and those that turn the direction of writing. */
const CONTROLS =
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  /\u001b\[[\d;]*m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
// eslint-disable-next-line no-control-regex -- begins with one
const COLOUR = /^\u001b\[[\d;]*m$/;
