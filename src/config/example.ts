/**
 * An example of a declaration as it stands in a config file. Most are written with their section. One that begins with `type:`
 * is the bare block of a source or detector, and is put where such a block goes.
 */
export function placedExample(room: 'source' | 'detector' | 'actuator' | 'notifier' | 'store', yaml: string): string {
  const lines = yaml.trim().split('\n');
  const type = /^type: *([a-z0-9-]+)$/.exec(lines[0] ?? '')?.[1];
  if (type === undefined) return lines.join('\n');
  if (room === 'detector') {
    const rest = lines.slice(1).map((line) => `    ${line}`);
    return ['detectors:', rest.length === 0 ? `  ${type}: {}` : `  ${type}:`, ...rest].join('\n');
  }
  return ['probes:', ...lines.map((line, index) => `${index === 0 ? '  - ' : '    '}${line}`)].join('\n');
}
