import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { HeadgateError } from '../domain/error.ts';
import { type CsvRecord, readCsv } from './csv.ts';
import { readParquet } from './parquet.ts';

/** A Parquet file begins (and ends) with these letters. */
const PARQUET = 'PAR1';

/** Where `-` and paths lead. */
export interface Surroundings {
  readonly stdin: Readable;
  readonly cwd: string;
}

/**
 * The records of a file, the header first: CSV, or Parquet, told apart by their first letters. `-` reads `stdin`, which holds CSV:
 * the directory of a Parquet file is at its end.
 *
 * @throws HeadgateError `not-found` where the file cannot be read, `missing-package` where it is Parquet and its reader is not
 * installed, `unsupported` for Parquet from a stream; while records are read `malformed` where the text is no CSV.
 */
export async function openRecords(name: string, { stdin, cwd }: Surroundings): Promise<AsyncGenerator<CsvRecord>> {
  if (name === '-') return readCsv(textOf(stdin));
  const path = resolve(cwd, name);
  try {
    if (await isParquet(path)) return readParquet(name, path);
    const file = createReadStream(path);
    await once(file, 'open');
    return readCsv(textOf(file));
  } catch (cause) {
    throw new HeadgateError('not-found', `${name} cannot be read; is the path right?`, { cause });
  }
}

/** A folder can be opened, but not read. */
async function isParquet(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PARQUET.length), 0, PARQUET.length, 0);
    return bytesRead === PARQUET.length && buffer.toString('latin1') === PARQUET;
  } finally {
    await file.close();
  }
}

/** The text without the byte order mark that some programs write in front of the header. */
async function* textOf(stream: Readable): AsyncGenerator<string> {
  stream.setEncoding('utf8');
  let first = true;
  for await (const piece of stream as AsyncIterable<string>) {
    if (first && piece.startsWith(PARQUET))
      throw new HeadgateError('unsupported', 'Parquet cannot be read from a stream; write it to a file and name that');
    yield first ? piece.replace(/^\uFEFF/, '') : piece;
    first = false;
  }
}
