import { join } from 'node:path';
import { sqlite } from '../../src/stores/sqlite/index.ts';
import { storeContract } from '../contracts/store.ts';
import { folder } from './rows.ts';

storeContract('sqlite', (t) => sqlite.open(sqlite.config.parse({ path: join(folder(t), 'headgate.db') })));
