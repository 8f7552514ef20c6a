import { post } from './api.ts';

const at = (kind: string, id: string, verb: string): string => `${kind}/${encodeURIComponent(id)}/${verb}`;

/** What a person can ask of the daemon. Each resolves once it was accepted; what came of it arrives as an event. @throws ApiFailure */
export const commands = {
  /** `holdoffSeconds` 0 lets the policy engage again at once. */
  release: (lease: string, reason: string, holdoffSeconds: number): Promise<void> =>
    post(at('leases', lease, 'release'), { reason, holdoff: holdoffSeconds }),
  acknowledge: (incident: string): Promise<void> => post(at('incidents', incident, 'ack'), {}),
  mute: (incident: string, until: number): Promise<void> =>
    post(at('incidents', incident, 'mute'), { until: new Date(until).toISOString() }),
  label: (incident: string, label: 'real' | 'not-an-anomaly'): Promise<void> =>
    post(at('incidents', incident, 'label'), { label }),
  note: (incident: string, text: string): Promise<void> => post(at('incidents', incident, 'note'), { text }),
  accept: (subject: string): Promise<void> => post(at('subjects', subject, 'accept'), {}),
  stopActing: (reason: string): Promise<void> => post('actions/stop', { reason }),
  resumeActing: (): Promise<void> => post('actions/resume', {}),
};
