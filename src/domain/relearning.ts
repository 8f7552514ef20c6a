/**
 * Why a detector does not go on with what it knew:
 * - `update`: it was saved by another version of Headgate, whose state has another shape.
 * - `config`: the stage was configured otherwise then, so that what was learned is of something else.
 * - `damaged`: the bytes are not what was written.
 */
export type RelearnReason = 'update' | 'config' | 'damaged';

/** A detector of a stage that learns again what it knew before. */
export interface Relearning {
  readonly detector: string;
  readonly why: RelearnReason;
}

/** "baseline learns anew since an update" goes on after the name of the detector. */
export const relearningWords = (why: RelearnReason): string => `learns anew ${BECAUSE[why]}`;

const BECAUSE: Readonly<Record<RelearnReason, string>> = {
  update: 'since an update: another version kept what it knew in another shape',
  config: 'since the stage is configured otherwise',
  damaged: 'since what was saved of it is damaged',
};
