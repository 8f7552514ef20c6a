import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';

/** A TCP proxy on a free port of 127.0.0.1 that can fall silent without closing anything, as a broken network does. */
export interface SilentProxy {
  readonly port: number;
  /** Connections of clients that are open now, and all that ever were. */
  readonly sockets: { readonly open: number; readonly ever: number };
  /** From now on nothing is passed on, in either direction; new connections are taken and hear nothing. */
  freeze(): void;
  /** New connections work again; those that were frozen stay silent. */
  thaw(): void;
  close(): Promise<void>;
}

export async function startProxy(target: number): Promise<SilentProxy> {
  let frozen = false;
  const counts = { open: 0, ever: 0 };
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket | undefined }>();
  const server = createServer((near) => {
    counts.open += 1;
    counts.ever += 1;
    const far = frozen ? undefined : dial(target, '127.0.0.1');
    const pair = { near, far };
    pairs.add(pair);
    near.on('error', () => {});
    near.on('close', () => {
      counts.open -= 1;
      pairs.delete(pair);
      far?.destroy();
    });
    far?.on('error', () => near.destroy());
    far?.on('close', () => near.destroy());
    far?.pipe(near);
    if (far) near.pipe(far);
    else near.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sockets: counts,
    freeze: () => {
      frozen = true;
      for (const { near, far } of pairs) {
        near.unpipe();
        near.resume();
        far?.unpipe();
        far?.resume();
        far?.removeAllListeners('close');
      }
    },
    thaw: () => {
      frozen = false;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const { near } of pairs) near.destroy();
      }),
  };
}
