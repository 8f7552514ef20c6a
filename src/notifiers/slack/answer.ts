import { z } from 'zod';
import { type ErrorCode, HeadgateError } from '../../domain/error.ts';
import type { DurationMs } from '../../domain/time.ts';

/** What the Web API says beside HTTP 200. */
export const SlackAnswer = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  ts: z.string().optional(),
  channel: z.string().optional(),
});

export type SlackAnswer = z.output<typeof SlackAnswer>;

/** Slack did not like the blocks: the same said in text alone may still arrive. */
const CONTENT: ReadonlySet<string> = new Set([
  'invalid_blocks',
  'invalid_blocks_format',
  'invalid_payload',
  'msg_blocks_too_long',
  'msg_too_long',
  'too_many_attachments',
]);

/** The message to be updated cannot be any more: a new one takes its place. */
const LOST: ReadonlySet<string> = new Set([
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'update_failed',
]);

const CODES: Readonly<Record<string, ErrorCode>> = {
  ratelimited: 'rate-limited',
  rate_limited: 'rate-limited',
  message_limit_exceeded: 'rate-limited',
  internal_error: 'server-error',
  fatal_error: 'server-error',
  service_unavailable: 'server-error',
  team_added_to_org: 'server-error',
  request_timeout: 'timeout',
  access_denied: 'unauthorized',
  account_inactive: 'unauthorized',
  invalid_auth: 'unauthorized',
  missing_scope: 'unauthorized',
  no_permission: 'unauthorized',
  not_allowed_token_type: 'unauthorized',
  not_authed: 'unauthorized',
  token_expired: 'unauthorized',
  token_revoked: 'unauthorized',
  channel_not_found: 'not-found',
};

const ADVICE: Readonly<Record<string, string>> = {
  channel_not_found: 'check channel, and invite the app to it',
  not_in_channel: 'invite the app to the channel',
  is_archived: 'name a channel that is not archived',
  missing_scope: 'give the app the scope chat:write',
};

export const isContent = (error: string): boolean => CONTENT.has(error);
export const isLost = (error: string): boolean => LOST.has(error);

/** Slack's word for what went wrong, where the text is one; anything else could be somebody's secret. */
export const wordOf = (text: string): string | undefined =>
  /^[a-z0-9_]{1,60}$/.test(text.trim()) ? text.trim() : undefined;

/** What `{ok: false, error}` means. `internal_error` and `fatal_error` may have posted all the same; better twice than never. */
export function slackError(method: string, error: string, retryAfter?: DurationMs): HeadgateError {
  const word = wordOf(error) ?? 'an unknown error';
  const code = CODES[word] ?? 'rejected';
  const advice = ADVICE[word] ?? (code === 'unauthorized' ? 'check the token and its scopes' : undefined);
  return new HeadgateError(code, `slack ${method}: ${word}${advice ? `; ${advice}` : ''}`, { retryAfter });
}
