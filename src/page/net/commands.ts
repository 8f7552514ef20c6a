import type { ApiCommands } from '../../server/api.ts';
import { post } from './api.ts';

const send = <K extends keyof ApiCommands>(path: string, body: ApiCommands[K]): Promise<void> => post(path, body);

const at = (kind: string, id: string, verb: string): string => `${kind}/${encodeURIComponent(id)}/${verb}`;

/** What a person can ask of the daemon. Each resolves once it was accepted; what came of it arrives as an event. @throws ApiFailure */
export const commands = {
  /** `holdoffSeconds` 0 lets the policy engage again at once. */
  release: (lease: string, reason: string, holdoffSeconds: number): Promise<void> =>
    send<'leases/{id}/release'>(at('leases', lease, 'release'), { reason, holdoff: holdoffSeconds }),
  acknowledge: (incident: string): Promise<void> => send<'incidents/{id}/ack'>(at('incidents', incident, 'ack'), {}),
  mute: (incident: string, until: number): Promise<void> =>
    send<'incidents/{id}/mute'>(at('incidents', incident, 'mute'), { until: new Date(until).toISOString() }),
  label: (incident: string, label: 'real' | 'not-an-anomaly'): Promise<void> =>
    send<'incidents/{id}/label'>(at('incidents', incident, 'label'), { label }),
  note: (incident: string, text: string): Promise<void> =>
    send<'incidents/{id}/note'>(at('incidents', incident, 'note'), { text }),
  accept: (subject: string): Promise<void> => send<'subjects/{id}/accept'>(at('subjects', subject, 'accept'), {}),
  stopActing: (reason: string): Promise<void> => send<'actions/stop'>('actions/stop', { reason }),
  resumeActing: (): Promise<void> => send<'actions/resume'>('actions/resume', {}),
};
