// npm run bench [-- NAME [OPTIONS]]; each file says its own options. Without a name: the daemon.
const BENCHES: Readonly<Record<string, () => Promise<unknown>>> = {
  daemon: () => import('./daemon.ts'),
  detection: () => import('./detection.ts'),
  faults: () => import('./injected.ts'),
  speed: () => import('./speed.ts'),
  forest: () => import('./forest.ts'),
  ablation: () =>
    process.argv.some((word) => /^(--detector=)?baseline$/.test(word))
      ? import('./ablation-baseline.ts')
      : import('./ablation.ts'),
  series: () => import('./series.ts'),
  plants: () => import('./plants.ts'),
};

const [first = '', ...rest] = process.argv.slice(2);
const named = Object.hasOwn(BENCHES, first);
if (named) process.argv.splice(2, process.argv.length, ...rest);
const load = BENCHES[named ? first : 'daemon'];
if (first !== '' && !named && !first.startsWith('-')) {
  console.error(`there is no bench "${first}"; there are ${Object.keys(BENCHES).join(', ')}`);
  process.exitCode = 2;
} else await load?.();
