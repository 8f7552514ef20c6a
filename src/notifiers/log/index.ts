import { z } from 'zod';
import { HeadgateError } from '../../domain/error.ts';
import { defineNotifier } from '../../kit/component.ts';

export const LogConfig = z.strictObject({});

export const logNotifier = defineNotifier({
  type: 'log',
  stability: 'stable',
  summary: "Writes each notice as one line of the process's own log.",
  description: `For a first look, for demos, and beside a real notifier as a trace that needs no network. Nobody is woken by a
log line; it is the wrong choice as the only notifier of a pipeline that matters. It cannot fail and costs nothing.`,
  config: LogConfig,
  examples: [
    {
      title: 'Every notice into the log',
      yaml: `notifiers:
  console: { type: log }
routes: [{ to: [console] }]`,
    },
  ],
  create: (_config, { say }) => ({
    send: async (notice, _attempt, abort) => {
      if (abort.aborted)
        throw new HeadgateError('aborted', `log: notice ${notice.key} was given up before it was written`);
      say(notice);
    },
    close: async () => {},
  }),
});
