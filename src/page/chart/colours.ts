/** The colours a canvas needs, as the style sheet resolves them now. */
export interface Colours {
  readonly line: string;
  readonly band: string;
  readonly axis: string;
  readonly grid: string;
  readonly critical: string;
  readonly held: string;
  readonly ink: string;
  readonly surface: string;
  /** The font family of the page; a canvas does not inherit it. */
  readonly font: string;
}

/** Reads tokens through a real element, since `light-dark()` in a custom property stays unresolved. */
export function coloursOf(near: Element): Colours {
  const probe = document.createElement('span');
  probe.hidden = true;
  near.append(probe);
  const read = (token: string): string => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const colours: Colours = {
    line: read('mark-line'),
    band: read('mark-band'),
    axis: read('ink3'),
    grid: read('line'),
    critical: read('critical'),
    held: read('held'),
    ink: read('ink'),
    surface: read('surface'),
    font: getComputedStyle(probe).fontFamily,
  };
  probe.remove();
  return colours;
}
