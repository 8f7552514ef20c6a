import type { Store } from '../../domain/ports.ts';
import { Dictionary } from './dictionary.ts';
import { history } from './history.ts';
import { commit } from './journal.ts';
import { openFile } from './open-file.ts';
import { Rollups } from './rollups.ts';
import { samples } from './samples.ts';
import { state } from './state.ts';
import { type Connect, connect } from './store-file.ts';
import { Ticks } from './ticks.ts';
import { upkeep } from './upkeep.ts';

/** The store on the file at `path`; see `openFile` for what opening may refuse. `open` is for tests whose disk fails. */
export async function openSqlite(
  config: { readonly path: string; readonly read_only: boolean },
  say: (message: string) => void = () => {},
  open: Connect = connect,
): Promise<Store> {
  const file = openFile(config.path, config.read_only, say, open);
  const dictionary = new Dictionary(file.main);
  const ticks = new Ticks(file.main, dictionary);
  const tables = { dictionary, ticks, rollups: new Rollups(file.main, dictionary, ticks) };
  return {
    commit: (changes) => commit(file, changes),
    ...history(file),
    ...samples(file, tables),
    ...state(file),
    maintain: upkeep(file, tables),
    close: () => file.close(),
  };
}
