import type { ApiLease } from '../../server/api.ts';
import { endedBecause, gateText, incidentName, isHeld, nameOf } from '../model/names.ts';
import { incidentHash, stageHash } from '../model/route.ts';
import { counting } from '../text/number.ts';
import { clock, clockOrDay, duration, epoch } from '../text/time.ts';
import { Decisions } from './decisions.tsx';
import { Glyph } from './glyph.tsx';
import { ReleaseButton } from './incident-actions.tsx';
import { usePage } from './page.ts';
import { Policies } from './policies.tsx';
import { Bar } from './score-bar.tsx';
import { opensText, timeLeft, withheldLately } from './side.tsx';

function HeldGate(props: { lease: ApiLease }) {
  const { fleet, now } = usePage();
  const { lease } = props;
  return (
    <li class="held-now">
      <p class="gate-name">
        <Glyph state="held" />
        <a href={stageHash(lease.stage)}>
          <b>{nameOf(lease.stage)}</b>
        </a>{' '}
        {gateText(lease.request, fleet.stages.get(lease.stage)?.valve)}
        <span class="dim">
          {' '}
          policy {lease.policy} · since {clock(epoch(lease.grantedAt))} · {lease.state}
        </span>
      </p>
      <div class="held-time">
        <Bar share={timeLeft(lease, now).share} kind="held" />
        <span>{opensText(lease, now)}</span>
        <span class="dim">{lease.renewals === 0 ? 'not renewed' : `renewed ${lease.renewals} ×`}</span>
      </div>
      <p>
        {lease.because} <a href={incidentHash(lease.incident)}>{incidentName(lease.incident)}</a>{' '}
        <span class="dim">by {lease.actuator}</span>
      </p>
      {lease.error && (
        <p class="failure">
          {lease.error} By hand: <code>headgate release {lease.id}</code>
        </p>
      )}
      <ReleaseButton lease={lease} label="Release…" />
    </li>
  );
}

function Failed(props: { leases: readonly ApiLease[] }) {
  if (props.leases.length === 0) return null;
  return (
    <section class="card headline critical">
      <h1>{counting(props.leases.length, 'gate')} could not be put back.</h1>
      {props.leases.map((lease) => (
        <p key={lease.id}>
          <b>{nameOf(lease.stage)}</b> {gateText(lease.request)}: {lease.error ?? 'no reason was given'}. By hand:{' '}
          <code>headgate release {lease.id}</code>
        </p>
      ))}
    </section>
  );
}

function History(props: { leases: readonly ApiLease[] }) {
  const { now } = usePage();
  return (
    <section class="card box wide" aria-labelledby="history-title">
      <h2 id="history-title">History</h2>
      {props.leases.length === 0 ? (
        <p>No gate has been held yet.</p>
      ) : (
        <div class="table-scroll">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Stage</th>
                <th scope="col">Action</th>
                <th scope="col">Policy</th>
                <th scope="col">Lasted</th>
                <th scope="col">Ended by</th>
              </tr>
            </thead>
            <tbody>
              {props.leases.slice(0, 50).map((lease) => (
                <tr key={lease.id}>
                  <td class="dim nowrap">{clockOrDay(epoch(lease.grantedAt), now)}</td>
                  <th scope="row">
                    <a href={stageHash(lease.stage)}>{nameOf(lease.stage)}</a>
                  </th>
                  <td>{gateText(lease.request)}</td>
                  <td>{lease.policy}</td>
                  <td class="nowrap">
                    {lease.releasedAt ? duration(epoch(lease.releasedAt) - epoch(lease.grantedAt), true) : '–'}
                  </td>
                  <td>
                    {lease.state === 'failed' ? 'failed' : endedBecause(lease.why)}
                    {lease.error && <span class="dim"> {lease.error}</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** All gates: held now, weighed and withheld, the policies, and what was held before. */
export function GatesScreen() {
  const { fleet, now } = usePage();
  const held = fleet.leases.filter(isHeld);
  const failed = fleet.leases.filter((lease) => lease.state === 'failed' && lease.why !== 'could-not-apply');
  return (
    <>
      <Failed leases={failed} />
      <section class="card box wide" aria-labelledby="held-title">
        <h1 id="held-title">
          Held now <span class="dim">{held.length === 0 ? '' : held.length}</span>
        </h1>
        {held.length === 0 && <p>No gate is held.</p>}
        <ul class="bare">
          {held.map((lease) => (
            <HeldGate key={lease.id} lease={lease} />
          ))}
        </ul>
      </section>
      <Policies />
      <Decisions
        title="Weighed and withheld, last hour"
        empty="Nothing was weighed and withheld."
        decisions={withheldLately(fleet.decisions, now)}
        withStage
      />
      <History leases={fleet.leases.filter((lease) => !isHeld(lease))} />
    </>
  );
}
