/** What stands there while nothing is known yet; it fades in late, so that a fast answer never flickers. */
export function Skeleton(props: { offline: boolean }) {
  if (props.offline) {
    return (
      <section class="card headline unknown">
        <h1>Nothing is known yet.</h1>
        <p>Headgate has not answered since this page was opened.</p>
      </section>
    );
  }
  return (
    <div class="skeleton">
      <p class="visually-hidden">Asking Headgate</p>
      <div class="card bone tall" />
      {[1, 2, 3, 4, 5].map((row) => (
        <div key={row} class="bone" />
      ))}
    </div>
  );
}
