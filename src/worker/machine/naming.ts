import { hash64 } from '../../shared/protocol/lineage.js';
import type { Lineage } from '../../shared/protocol/names.js';
import type { MemberState } from './state.js';

/**
 * The lineage by which the values of a step are named; `of`: of the weights that it starts from, by
 * default the present ones. In an exact run that is all there is to it. Where rows are rounded as
 * they travel, or engines mixed, a value depends on who made it: there it is the view's as well, so
 * that values of two views are never taken for each other.
 */
export function namedLineage(
  { config, orders, position }: MemberState,
  of: Lineage | undefined = position?.lineage,
): Lineage {
  if (of === undefined) return '';
  if (config.exact || orders === null) return of;
  return ofView(of, `${orders.coordinator} ${String(orders.term)} ${String(orders.view)}`);
}

const known = { of: '', view: '', name: '' };

/** The same few are asked for, many times in a step. */
function ofView(of: Lineage, view: string): Lineage {
  if (known.of !== of || known.view !== view) {
    Object.assign(known, { of, view, name: hash64(`${of} in view ${view}`) });
  }
  return known.name;
}
