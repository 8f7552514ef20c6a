import type { Label } from '../domain/label.ts';
import { pipelineOf, type StageId } from '../domain/stage.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import { quantile } from '../stats/quantile.ts';

/** A stretch of the past in which something alerted. */
export interface Episode {
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** The stages it concerns. */
  readonly stages: readonly StageId[];
}

/** How alerts and labels meet. */
export interface Tally {
  /** Labels that could have been found: from the time on from which there was somebody to find them. */
  readonly labels: readonly Label[];
  readonly found: readonly Found[];
  readonly missed: readonly Label[];
  /** Alerts that belong to a label, and those that belong to none. */
  readonly right: readonly Episode[];
  readonly wrong: readonly Episode[];
  /** Found of all labels; `undefined` without labels. */
  readonly recall: number | undefined;
  /** Right of all alerts; `undefined` without alerts. */
  readonly precision: number | undefined;
  readonly medianDelay: DurationMs | undefined;
  readonly worstDelay: DurationMs | undefined;
  readonly falsePerWeek: number | undefined;
}

export interface Found {
  readonly label: Label;
  /** From its beginning to the first alert of it; 0 where that came before. */
  readonly delay: DurationMs;
}

export interface TallyAsk {
  readonly labels: readonly Label[];
  readonly episodes: readonly Episode[];
  /** Labels that count for recall here; an alert is right by any label of its pipeline, since trouble travels. */
  readonly mine: (label: Label) => boolean;
  /** An alert this long before or after a label still belongs to it: people write down late and round. */
  readonly slack: DurationMs;
  /** From when on alerts were to be expected; `undefined` where that time never came. */
  readonly from: EpochMs | undefined;
  readonly weeks: number;
}

/** Meets alerts with labels. Cost: alerts × labels. */
export function tally({ labels: all, episodes, mine, slack, from, weeks }: TallyAsk): Tally {
  const labels = all.filter((label) => mine(label) && from !== undefined && label.to >= from);
  const meets = (episode: Episode, label: Label): boolean =>
    episode.from <= label.to + slack &&
    episode.to >= label.from - slack &&
    (label.stage === undefined || episode.stages.some((id) => pipelineOf(id) === pipelineOf(label.stage as StageId)));
  const found = labels.flatMap((label): Found[] => {
    const first = episodes.find((episode) => meets(episode, label));
    return first ? [{ label, delay: Math.max(0, first.from - label.from) }] : [];
  });
  const known = new Set(found.map((one) => one.label));
  const right = episodes.filter((episode) => all.some((label) => meets(episode, label)));
  const isRight = new Set(right);
  const wrong = episodes.filter((episode) => !isRight.has(episode));
  const delays = found.map((one) => one.delay);
  return {
    labels,
    found,
    missed: labels.filter((label) => !known.has(label)),
    right,
    wrong,
    recall: labels.length > 0 ? found.length / labels.length : undefined,
    precision: episodes.length > 0 ? right.length / episodes.length : undefined,
    medianDelay: delays.length > 0 ? quantile(delays, 0.5) : undefined,
    worstDelay: delays.length > 0 ? Math.max(...delays) : undefined,
    falsePerWeek: weeks > 0 ? wrong.length / weeks : undefined,
  };
}
