import { type ErrorCode, HeadgateError } from '../../domain/error.ts';
import { networkError } from '../../kit/http-error.ts';

/** By SQLSTATE, or by its class where only that counts (PostgreSQL manual, appendix A). Advice is for people. */
const STATES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  '28': ['unauthorized', 'check user and password_file, and pg_hba.conf there'],
  '08': ['unreachable', 'the connection broke'],
  '53300': ['rate-limited', 'all connections there are taken; lower connections here, or raise max_connections there'],
  '53': ['server-error', 'the server is short of memory, disk or files'],
  '57014': ['timeout', 'it took longer than statement_timeout; make it cheaper, or raise statement_timeout'],
  '55P03': ['timeout', 'the table is locked by somebody else'],
  '57P': ['unreachable', 'the server is starting or stopping'],
  '3D000': ['not-found', 'check database'],
  '42P01': ['not-found', 'check the name of the table, with its schema'],
  '42703': ['not-found', 'check the name of the column'],
  '3F000': ['not-found', 'check the name of the schema'],
  '42602': ['not-found', 'want a table as name or schema.name'],
  '25006': ['rejected', 'a probe only reads'],
  '21000': ['rejected', 'want one SELECT that gives one number'],
  '42601': ['rejected', 'want one SELECT that gives one number'],
  '58': ['server-error', 'look into the log of that server'],
  XX: ['server-error', 'look into the log of that server'],
};

/** Any error of the client as one of ours; what the server says names tables and roles, never passwords. */
export function meaningOf(what: string, user: string, thrown: unknown): HeadgateError {
  if (thrown instanceof HeadgateError) return thrown;
  const error = thrown as NodeJS.ErrnoException;
  const text = String(error.message ?? thrown).slice(0, 300);
  const state = error.code ?? '';
  const fail = (code: ErrorCode, advice: string): HeadgateError =>
    new HeadgateError(code, `${what}: ${text}; ${advice}`, { cause: thrown });
  if (state === '42501') return fail('unauthorized', grantFor(text, user));
  if (/^[0-9A-Z]{5}$/.test(state)) {
    const known = STATES[state] ?? STATES[state.slice(0, 3)] ?? STATES[state.slice(0, 2)];
    return known ? fail(...known) : fail('rejected', 'check the query and the types of its columns');
  }
  if (/SASL|SCRAM|password must be/.test(text)) return fail('unauthorized', 'check user and password_file');
  if (/does not support SSL/.test(text)) return fail('unreachable', 'leave tls out, or switch ssl on there');
  if (/timeout expired/.test(text)) return fail('timeout', 'no connection in time; is the host right?');
  return networkError(what, state === '' ? { code: 'ECONNRESET' } : error);
}

/** The statement that gives the missing right. */
function grantFor(text: string, user: string): string {
  const [, kind = 'table', name = '…'] = /permission denied for (\w+(?: \w+)?) (\S+)/.exec(text) ?? [];
  const role = `"${user}"`;
  if (kind === 'schema') return `GRANT USAGE ON SCHEMA ${name} TO ${role}`;
  if (kind === 'function') return `GRANT EXECUTE ON FUNCTION ${name} TO ${role}, or GRANT pg_monitor TO ${role}`;
  return `GRANT SELECT ON ${name} TO ${role}`;
}
