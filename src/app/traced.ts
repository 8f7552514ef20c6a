/** Runs a piece of work inside a span; without tracing it only runs it. */
export type Traced = <T>(name: string, attributes: Record<string, string | number>, work: () => T) => T;

export const untraced: Traced = (_name, _attributes, work) => work();
