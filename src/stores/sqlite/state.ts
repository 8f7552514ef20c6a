import type { StateBlob, Store } from '../../domain/ports.ts';
import { isOver, pause } from './slice.ts';
import type { StoreFile } from './store-file.ts';

/** Bytes in one transaction: it is the commit that writes them to the log, in one go. */
const BYTES = 512 * 1024;

type State = Pick<Store, 'saveState' | 'loadState'>;

/** What detectors have learned, as bytes under a key. Each slice is a transaction; a blob is always whole, old or new. */
export function state(file: StoreFile): State {
  const sql = 'INSERT OR REPLACE INTO state (key, at, bytes) VALUES (?, ?, ?)';
  return {
    saveState: (blobs) =>
      file.write('save state', async () => {
        for (let next = 0; next < blobs.length; ) {
          next = file.main.transaction(() => {
            let at = next;
            let written = 0;
            do {
              const { key, at: savedAt, bytes } = blobs[at++] as StateBlob;
              file.main.run(sql, key, savedAt, bytes);
              written += bytes.length;
            } while (at < blobs.length && written < BYTES && !isOver());
            return at;
          });
          if (next < blobs.length) await pause();
        }
      }),

    loadState: (key) =>
      file.read('load state', (): StateBlob | undefined => {
        const found = file.main.get<[number, Uint8Array]>('SELECT at, bytes FROM state WHERE key = ?', key);
        return found && { key, at: found[0], bytes: found[1] };
      }),
  };
}
