import { z } from 'zod';
import { HeadgateError } from '../../domain/error.ts';
import type { Send } from './connection.ts';

/** Keys that the server looks at for one answer: about a millisecond, in which it serves nobody else. */
const AT_ONCE = '1000';

const Page = z.tuple([z.string(), z.array(z.string())]);

/** Names of streams that fit a pattern (`*` any text, `?` one character), sorted. Goes over all keys of the database. */
export async function streamsLike(pattern: string, send: Send): Promise<readonly string[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const answer = await send('SCAN', cursor, 'MATCH', globOf(pattern), 'COUNT', AT_ONCE, 'TYPE', 'stream');
    const page = Page.safeParse(answer);
    if (!page.success) throw new HeadgateError('malformed', 'redis: SCAN has given no list of keys; is this Redis?');
    [cursor] = page.data;
    // A key may come more than once while the table of keys grows.
    for (const key of page.data[1]) found.add(key);
  } while (cursor !== '0');
  return [...found].toSorted();
}

/** Redis knows more signs than we promise. */
const globOf = (pattern: string): string => pattern.replaceAll(/[[\]\\]/g, '\\$&');
