import { counting, formatPercent } from '../text/number.ts';
import { ago, clockOrDay, duration, epoch } from '../text/time.ts';
import { Glyph } from './glyph.tsx';
import { usePage } from './page.ts';
import { BudgetBox } from './side.tsx';

function Engine() {
  const { fleet, rows, now } = usePage();
  const { health } = fleet;
  if (!health) return null;
  const signals = Array.from(fleet.stages.values()).reduce((sum, stage) => sum + stage.signals.length, 0);
  const ready = health.ready && health.degraded.length === 0;
  return (
    <section class="card box">
      <h2>
        <Glyph state={ready ? 'ok' : 'warning'} /> Engine
      </h2>
      <p>
        {health.ready ? 'Ready' : 'Not ready yet'}, up {duration(now - epoch(health.startedAt))}. Version{' '}
        {health.version}.
      </p>
      <p>
        {counting(rows.length, 'stage')}, {counting(signals, 'signal')}.
      </p>
      {health.degraded.map((message) => (
        <p key={message}>
          <Glyph state="warning" /> Degraded: {message}
        </p>
      ))}
    </section>
  );
}

function Learning() {
  const { fleet, rows } = usePage();
  const stages = Array.from(fleet.stages.values());
  const learning = rows.filter((row) => row.state === 'learning').length;
  const frozen = stages.filter((stage) => stage.frozen).length;
  const blind = stages.filter((stage) => stage.blind.length > 0).length;
  return (
    <section class="card box">
      <h2>Learning</h2>
      <p>
        {rows.length - learning} ready · {learning} learning · {blind} with a blind subject · {frozen} frozen by an
        incident, a gate or an excluded range
      </p>
      {(fleet.health?.seeding ?? []).map(({ pipeline, samples, share }) => (
        <p key={pipeline}>
          {pipeline} learns from its past: {formatPercent(share)}, {counting(samples, 'sample')} so far
        </p>
      ))}
    </section>
  );
}

function Sources() {
  const { fleet, now } = usePage();
  const sources = fleet.health?.sources ?? [];
  return (
    <section class="card box wide" aria-labelledby="sources-title">
      <h2 id="sources-title">Sources</h2>
      {sources.length === 0 ? (
        <p>No named source is configured.</p>
      ) : (
        <div class="table-scroll">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">Source</th>
                <th scope="col">Type</th>
                <th scope="col">State</th>
                <th scope="col">Failing since</th>
                <th scope="col">Last error</th>
              </tr>
            </thead>
            <tbody>
              {sources.map((source) => (
                <tr key={source.name}>
                  <th scope="row">{source.name}</th>
                  <td>{source.type}</td>
                  <td class="nowrap">
                    <span class={`facts-word ${source.ok ? 'ok' : 'unknown'}`}>
                      <Glyph state={source.ok ? 'ok' : 'unknown'} /> {source.ok ? 'answers' : 'no answer'}
                    </span>
                  </td>
                  <td class="nowrap">
                    {source.failingSince
                      ? `${clockOrDay(epoch(source.failingSince), now)}, ${source.failures} in a row`
                      : '–'}
                  </td>
                  <td>{source.lastError ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Notices() {
  const { fleet, now } = usePage();
  const { health } = fleet;
  if (!health) return null;
  const { pending, oldestAt } = health.outbox;
  const lost = fleet.notices.filter((notice) => !notice.ok);
  return (
    <section class="card box">
      <h2>Notices</h2>
      <p>
        {health.notifiers.length === 0
          ? 'No notifier is configured; nobody is told.'
          : `To ${health.notifiers.map((one) => `${one.name} (${one.type})`).join(', ')}.`}
      </p>
      <p>
        {pending === 0
          ? 'Nothing waits in the outbox.'
          : `${pending} wait in the outbox, the oldest ${oldestAt ? ago(epoch(oldestAt), now) : ''}.`}
      </p>
      {lost.slice(0, 5).map((notice) => (
        <p key={notice.at}>
          <Glyph state="warning" /> {notice.notifier} was not told: {notice.error ?? notice.change}
        </p>
      ))}
    </section>
  );
}

/** How the daemon itself is. */
export function HealthScreen() {
  const { fleet, now } = usePage();
  const { health } = fleet;
  return (
    <>
      <h1>Health</h1>
      <div class="boxes">
        <Engine />
        <Learning />
        <Notices />
        <BudgetBox />
        {health && (
          <section class="card box">
            <h2>
              <Glyph state={health.config.ok ? 'ok' : 'warning'} /> Config
            </h2>
            <p>
              Loaded {clockOrDay(epoch(health.config.loadedAt), now)}.{' '}
              {health.config.ok
                ? 'The last reload was good.'
                : 'The last reload was refused; the one before is in use.'}
            </p>
          </section>
        )}
      </div>
      {!health && <p class="empty">No answer about health yet.</p>}
      <Sources />
    </>
  );
}
