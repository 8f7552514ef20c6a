import type { ApiError } from '../../server/api.ts';

/** An answer of 400 or more, or none at all (`status` 0). `message` is the daemon's own where it gave one. */
export class ApiFailure extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiFailure';
    this.status = status;
  }
}

const TOKEN_KEY = 'headgate.token';

/** The token a person pasted; kept for this tab only. */
export const token = {
  get: (): string => sessionStorage.getItem(TOKEN_KEY) ?? '',
  set: (value: string): void => sessionStorage.setItem(TOKEN_KEY, value.trim()),
};

const NAME_KEY = 'headgate.name';

/** Who sits here, as they once said; goes into the audit log. Empty where nobody said. */
export const readerName = {
  get: (): string => localStorage.getItem(NAME_KEY) ?? '',
  set: (value: string): void => localStorage.setItem(NAME_KEY, value.trim().slice(0, 100)),
};

/** Works below any path a proxy puts in front, since it is relative to the page. */
export const apiUrl = (path: string): string => new URL(`api/v1/${path}`, document.baseURI).href;

export const authorization = (): Record<string, string> =>
  token.get() === '' ? {} : { Authorization: `Bearer ${token.get()}` };

async function failureOf(response: Response): Promise<ApiFailure> {
  const body = (await response.json().catch(() => undefined)) as Partial<ApiError> | undefined;
  return new ApiFailure(response.status, body?.error?.message ?? `HTTP ${response.status}`);
}

async function call(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(apiUrl(path), { ...init, cache: 'no-store' }).catch((cause: unknown) => {
    throw new ApiFailure(0, cause instanceof Error ? cause.message : 'no answer');
  });
  if (!response.ok) throw await failureOf(response);
  return response;
}

/** Reads one resource. @throws ApiFailure */
export async function getJson<T>(path: string): Promise<T> {
  const response = await call(path, { headers: { Accept: 'application/json', ...authorization() } });
  return (await response.json()) as T;
}

/** Changes something, and says who asks. The custom header is what a foreign site cannot send. @throws ApiFailure */
export async function post(path: string, body: object): Promise<void> {
  await call(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Headgate': '1', ...authorization() },
    body: JSON.stringify({ ...body, by: readerName.get() || 'page' }),
  });
}
