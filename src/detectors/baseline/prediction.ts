/** What would be normal at a moment, on the asinh scale. It is written over with each moment. */
export class Prediction {
  /** Which reference speaks. 0: the level alone; k: the k-th season. */
  rank = 0;
  /** True where the longest season is known at this time. */
  settled = false;
  /** True where the shortest season is known at this time; without seasons, once a good many samples were seen. */
  seasoned = false;
  centre = Number.NaN;
  /** Standard deviation of what was learned. */
  spread = Number.NaN;
  /** The same, widened where this time of season has not been seen. */
  wide = Number.NaN;
  /** True where the season of a day or longer speaks, and other times of it are clearly different. */
  ofHour = false;
  /** What each rank says without the offset, NaN where it does not know the time. */
  levels: Float64Array = new Float64Array(3);
}
