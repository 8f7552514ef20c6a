import { HeadgateError } from '../../src/domain/error.ts';

/** Asks until there is an answer within the short time that a source was given: a machine that is busy may need more than one question. */
export async function answersInTime(ask: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof HeadgateError && error.code === 'timeout')) throw error;
    }
  }
}
