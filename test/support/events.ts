import type { Events } from '../../src/domain/ports.ts';

/** Events that go nowhere, but for those named. */
export function eventsOf(listener: Partial<Events> = {}): Events {
  const silent = () => {};
  return new Proxy(listener as Events, { get: (target, name) => Reflect.get(target, name) ?? silent });
}
