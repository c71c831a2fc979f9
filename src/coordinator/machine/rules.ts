/** Decisions on which safety depends; a test can break one and see that the simulator notices. */
export interface CoordinatorRules {
  /** The grant: how many steps a member may have applied, `ahead` of what all have. */
  grantLimit(stable: number, ahead: number): number;
}

export const COORDINATOR_RULES: CoordinatorRules = Object.freeze({
  grantLimit: (stable: number, ahead: number) => stable + ahead,
});
