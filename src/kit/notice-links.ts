import { z } from 'zod';
import { isInForce } from '../domain/lease.ts';
import type { Notice } from '../domain/notice.ts';
import { pipelineOf, stageNameOf } from '../domain/stage.ts';

/** The config key of a runbook's address, to spread into a strict object of a notifier for people. */
export const runbookField = {
  runbook_url: z
    .string()
    .regex(/^https?:\/\//, 'write the address as https://host/path')
    .optional()
    .meta({
      description:
        'Address of the runbook, as a link in every notice. {pipeline}, {stage} (the root) and {cause} are filled in.',
      examples: ['https://wiki.example.com/runbooks/{pipeline}/{stage}#{cause}'],
    }),
};

/** Where a reader can go from a notice. `release` opens the dialog for the gate that is held, where one is. */
export interface NoticeLinks {
  readonly incident: string;
  readonly release?: string;
  readonly runbook?: string;
}

/** @param pageUrl where people open the page, without a trailing slash */
export function linksOf({ incident, leases, change }: Notice, pageUrl: string, runbookUrl?: string): NoticeLinks {
  const page = `${pageUrl}/#/incidents/${encodeURIComponent(incident.id)}`;
  const held = leases.find(isInForce);
  const names = {
    pipeline: pipelineOf(incident.root),
    stage: stageNameOf(incident.root),
    cause: incident.cause,
  };
  const runbook = runbookUrl?.replaceAll(/\{(pipeline|stage|cause)\}/g, (_, name: keyof typeof names) =>
    encodeURIComponent(names[name]),
  );
  const isOfMany = change === 'digest' || change === 'test';
  return {
    incident: isOfMany ? `${pageUrl}/#/incidents` : page,
    ...(held && !isOfMany && { release: `${page}?release=${encodeURIComponent(held.id)}` }),
    ...(runbook && !isOfMany && { runbook }),
  };
}
