import type { Signal } from '../../domain/signal.ts';
import { seal, unseal } from '../../stats/sealed.ts';
import { Course } from './course.ts';
import type { Settings } from './settings.ts';

/** Grows with every change of what is written. */
const VERSION = 2;

/** One signal with a limit: its course, and for how many samples in a row each limit has been in sight. */
export interface Followed {
  readonly course: Course;
  readonly inSight: number[];
}

const headOf = (settings: Settings): string => `forecast ${VERSION} ${JSON.stringify(settings)}`;

/** Version and settings, what is followed, and a checksum of all before it. */
export function writeState(settings: Settings, followed: ReadonlyMap<Signal, Followed>): Uint8Array {
  return seal(headOf(settings), (to) => {
    to.number(followed.size);
    for (const [signal, { course, inSight }] of followed) {
      to.text(signal);
      to.number(inSight.length);
      for (const count of inSight) to.number(count);
      course.write(to);
    }
  });
}

/** `undefined` where the bytes are damaged, of another version, or of other settings. */
export function readState(settings: Settings, bytes: Uint8Array): Map<Signal, Followed> | undefined {
  return unseal(bytes, headOf(settings), (from) => {
    const followed = new Map<Signal, Followed>();
    for (let left = from.number(); left > 0; left--) {
      const signal = from.text();
      const inSight = Array.from({ length: from.number() }, () => from.number());
      const course = new Course(settings);
      course.read(from);
      followed.set(signal, { course, inSight });
    }
    return followed;
  });
}
