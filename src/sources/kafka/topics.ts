import { z } from 'zod';

/** Names have letters, digits, dot, underscore and minus; so `*` and `?` can only be meant as a pattern. */
const LITERAL = /^[A-Za-z0-9._-]{1,249}$/;
const PATTERN = /^[A-Za-z0-9._*?-]{1,249}$/;

export const TopicName = z.string().regex(LITERAL, 'a topic name has letters, digits, . _ and - only');

export const TopicPattern = z
  .string()
  .regex(PATTERN, 'a topic name has letters, digits, . _ and - only; * stands for any text, ? for one character');

export const isPattern = (text: string): boolean => /[*?]/.test(text);

/**
 * Whether a topic's name fits a pattern, in which `*` stands for any text and `?` for one character.
 *
 * @example
 * fits('orders-eu', 'orders-*')
 */
export function fits(name: string, pattern: string): boolean {
  // Two pointers and the last star to come back to: linear but for stars, and no regular expression that could explode.
  let [at, want, star, from] = [0, 0, -1, 0];
  while (at < name.length) {
    if (want < pattern.length && (pattern[want] === '?' || pattern[want] === name[at]) && pattern[want] !== '*') {
      at += 1;
      want += 1;
    } else if (pattern[want] === '*') {
      star = want;
      from = at;
      want += 1;
    } else if (star >= 0) {
      want = star + 1;
      from += 1;
      at = from;
    } else {
      return false;
    }
  }
  while (pattern[want] === '*') want += 1;
  return want === pattern.length;
}
