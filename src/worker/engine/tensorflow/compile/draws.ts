/**
 * Runs `body`, in which `Math.random` is `draw`: what TensorFlow.js, and layers of a program's own,
 * draw from. `body` must not wait, or others would draw from it too.
 */
export function withDraws<T>(draw: () => number, body: () => T): T {
  const own = Reflect.get(Math, 'random');
  Reflect.set(Math, 'random', draw);
  try {
    return body();
  } finally {
    Reflect.set(Math, 'random', own);
  }
}
