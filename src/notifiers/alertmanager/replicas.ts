import { asHeadgateError, HeadgateError } from '../../domain/error.ts';
import type { HttpClient } from '../../kit/http-client.ts';
import type { Alert } from './alert.ts';

/** More in one request would hold the event loop up while it is written. */
const MOST_AT_ONCE = 500;

/**
 * Posts alerts to every replica: they agree among each other on who notifies, but not on what fires. It is enough that one took
 * them all, for the rest are reminded; where none did, the error of the first is thrown.
 *
 * Where an Alertmanager refuses a list (400) the good alerts in it may or may not have been taken: the list is halved until the
 * bad ones stand alone, and only these are lost.
 *
 * @returns the errors of replicas that failed, by address; empty where all took everything
 */
export async function postToAll(
  client: HttpClient,
  urls: readonly string[],
  alerts: readonly Alert[],
  abort: AbortSignal,
): Promise<readonly HeadgateError[]> {
  const failures: HeadgateError[] = [];
  const toOne = async (url: string): Promise<void> => {
    for (let at = 0; at < alerts.length; at += MOST_AT_ONCE) {
      const refused = await post(client, url, alerts.slice(at, at + MOST_AT_ONCE), abort);
      if (refused) throw refused;
    }
  };
  await Promise.all(urls.map((url) => toOne(url).catch((thrown) => failures.push(asHeadgateError(thrown)))));
  if (failures.length < urls.length) return failures;
  // A replica that may come back is worth waiting for, whatever the others said.
  throw (
    failures.find((error) => error.retryable) ?? failures[0] ?? new HeadgateError('bad-config', 'alertmanager: no urls')
  );
}

/** Answers with the refusal of what could not be taken, after everything else was. */
async function post(
  client: HttpClient,
  url: string,
  alerts: readonly Alert[],
  abort: AbortSignal,
): Promise<HeadgateError | undefined> {
  try {
    await client.request(
      {
        url: `${url.replace(/\/+$/, '')}/api/v2/alerts`,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts),
      },
      abort,
    );
    return undefined;
  } catch (thrown) {
    const error = asHeadgateError(thrown);
    if (error.code !== 'rejected' && error.code !== 'too-large') throw error;
    if (alerts.length < 2) return error;
    const half = Math.ceil(alerts.length / 2);
    const first = await post(client, url, alerts.slice(0, half), abort);
    const second = await post(client, url, alerts.slice(half), abort);
    return first ?? second;
  }
}
