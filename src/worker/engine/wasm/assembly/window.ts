/**
 * The part of a window that lies on the map. Along one axis, output o looks at inputs
 * first + k·dilation, k < size, where first = o·stride − pad may be negative.
 */

/** Smallest k whose input is not before the map. */
// @ts-ignore: decorator
@inline
export function tapBegin(first: i32, dilation: i32): i32 {
  return first >= 0 ? 0 : (dilation - 1 - first) / dilation;
}

/** One past the largest k whose input is on a map of `length`; at least `begin` of sane windows. */
// @ts-ignore: decorator
@inline
export function tapEnd(first: i32, dilation: i32, size: i32, length: i32): i32 {
  return min(size, (length - first + dilation - 1) / dilation);
}
