import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ApiError } from './api.ts';

/** All headers of one request together. */
export const MAX_HEADER_BYTES = 16 * 1024;

const BROKEN: Readonly<Record<string, readonly [status: number, code: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'too-large', `the headers are longer than ${MAX_HEADER_BYTES} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'timeout', 'the request did not come in time'],
};

/** What is not HTTP gets an answer, if it can still be written, and its connection is closed. */
export function refuseBroken(error: NodeJS.ErrnoException, socket: Socket, response: ServerResponse | undefined): void {
  if (!socket.writable || response?.headersSent || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, code, message] = BROKEN[error.code ?? ''] ?? [400, 'bad-request', 'the request is not HTTP/1.1'];
  const body: ApiError = { error: { code, message } };
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy());
}
