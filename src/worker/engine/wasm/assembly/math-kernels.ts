import { exp4, expm14, log4, normalCdf4, sigmoid4, softplus4, tanh4 } from './math';

/**
 * The functions of math.ts over memory: `to` and `from` hold `vectors` · 4 float32. Layers call
 * the activations instead; here every bit of the arithmetic can be seen from outside.
 */

export function mathExp(to: usize, from: usize, vectors: i32): void {
  for (let i = 0; i < vectors; i++, to += 16, from += 16) v128.store(to, exp4(v128.load(from)));
}
export function mathExpm1(to: usize, from: usize, vectors: i32): void {
  for (let i = 0; i < vectors; i++, to += 16, from += 16) v128.store(to, expm14(v128.load(from)));
}
export function mathLog(to: usize, from: usize, vectors: i32): void {
  for (let i = 0; i < vectors; i++, to += 16, from += 16) v128.store(to, log4(v128.load(from)));
}
export function mathTanh(to: usize, from: usize, vectors: i32): void {
  for (let i = 0; i < vectors; i++, to += 16, from += 16) v128.store(to, tanh4(v128.load(from)));
}
export function mathSigmoid(to: usize, from: usize, vectors: i32): void {
  for (let i = 0; i < vectors; i++, to += 16, from += 16) v128.store(to, sigmoid4(v128.load(from)));
}
export function mathSoftplus(to: usize, from: usize, vectors: i32): void {
  for (let i = 0; i < vectors; i++, to += 16, from += 16) v128.store(to, softplus4(v128.load(from)));
}
export function mathNormalCdf(to: usize, from: usize, vectors: i32): void {
  for (let i = 0; i < vectors; i++, to += 16, from += 16) v128.store(to, normalCdf4(v128.load(from)));
}
