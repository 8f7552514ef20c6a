import type { ApiPolicy, ApiStage } from '../../server/api.ts';
import { gateText, inWords, isHeld, nameOf } from '../model/names.ts';
import { clock, epoch } from '../text/time.ts';
import { ReleaseButton } from './incident-actions.tsx';
import { usePage } from './page.ts';
import { opensText } from './side.tsx';

/** True where a policy keeps an outcome of the stage, or may move its gate. */
const concerns = (policy: ApiPolicy, stage: ApiStage): boolean =>
  [policy.keep, ...policy.may, policy.last?.stage ?? ''].some(
    (text) => text.includes(stage.id) || text.includes(stage.stage),
  );

const MODE_WORD: Readonly<Record<ApiPolicy['mode'], string>> = {
  enforce: 'armed',
  'dry-run': 'dry run',
  observe: 'observes',
};

function PolicyLine(props: { policy: ApiPolicy }) {
  const { fleet, now } = usePage();
  const { policy } = props;
  const lease = fleet.leases.find((one) => one.policy === policy.name && isHeld(one));
  const cooling = policy.cooldownUntil !== undefined && epoch(policy.cooldownUntil) > now;
  const word = lease ? 'in force' : cooling ? 'cooling down' : MODE_WORD[policy.mode];
  return (
    <div class="policy">
      <p class="policy-name">
        <b>{policy.name}</b>
        <span class={lease ? 'tag held' : 'tag'}>{word}</span>
      </p>
      <p class="dim">keeps {policy.keep}</p>
      {lease && (
        <>
          <p>
            {nameOf(lease.stage)} {gateText(lease.request, fleet.stages.get(lease.stage)?.valve)},{' '}
            {opensText(lease, now)}
          </p>
          <ReleaseButton lease={lease} label="Release…" />
        </>
      )}
      {!lease && cooling && <p class="dim">until {clock(epoch(policy.cooldownUntil))}</p>}
      {!lease && policy.last && (
        <p class="dim">
          {clock(epoch(policy.last.at))} {policy.last.kind}, {inWords(policy.last.reason)}
        </p>
      )}
    </div>
  );
}

/** Policies that keep or move this stage, and what they do now. */
export function StageGates(props: { stage: ApiStage }) {
  const { fleet } = usePage();
  const policies = fleet.policies.filter((policy) => concerns(policy, props.stage));
  return (
    <section class="card box">
      <h2>Gates and policies</h2>
      {policies.length === 0 && <p>No policy concerns this stage.</p>}
      {policies.map((policy) => (
        <PolicyLine key={policy.name} policy={policy} />
      ))}
    </section>
  );
}
