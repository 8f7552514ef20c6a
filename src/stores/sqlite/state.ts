import type { StateBlob, Store } from '../../domain/ports.ts';
import { startSlice } from './slice.ts';
import type { StoreFile } from './store-file.ts';

type State = Pick<Store, 'saveState' | 'loadState'>;

/** What detectors have learned, as bytes under a key. Each slice is a transaction; a blob is always whole, old or new. */
export function state(file: StoreFile): State {
  const sql = 'INSERT OR REPLACE INTO state (key, at, bytes) VALUES (?, ?, ?)';
  return {
    saveState: (blobs) =>
      file.write('save state', async () => {
        const slice = startSlice();
        for (let next = 0; next < blobs.length; ) {
          next = file.main.transaction(() => {
            let at = next;
            do {
              const { key, at: savedAt, bytes } = blobs[at++] as StateBlob;
              file.main.run(sql, key, savedAt, bytes);
            } while (at < blobs.length && !slice.over());
            return at;
          });
          if (next < blobs.length) await slice.pause();
        }
      }),

    loadState: (key) =>
      file.read('load state', (): StateBlob | undefined => {
        const found = file.main.get<[number, Uint8Array]>('SELECT at, bytes FROM state WHERE key = ?', key);
        return found && { key, at: found[0], bytes: found[1] };
      }),
  };
}
