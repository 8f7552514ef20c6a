/** One message of an event stream. A comment line is a message too: it proves that somebody is there. */
export type SseMessage =
  | { readonly kind: 'comment' }
  | { readonly kind: 'event'; readonly event: string; readonly data: string; readonly id: string };

/**
 * Cuts a stream of text chunks into messages, as the HTML standard says: lines end with LF, CR or CRLF; an empty line sends;
 * several `data:` lines are joined by LF. Returns a function to be fed chunk by chunk; it keeps what is not complete yet.
 */
export function sseParser(): (chunk: string) => SseMessage[] {
  let rest = '';
  let event = '';
  let id = '';
  let data: string[] = [];
  const line = (text: string, out: SseMessage[]): void => {
    if (text === '') {
      if (data.length > 0) out.push({ kind: 'event', event: event || 'message', data: data.join('\n'), id });
      event = '';
      data = [];
      return;
    }
    if (text.startsWith(':')) {
      out.push({ kind: 'comment' });
      return;
    }
    const colon = text.indexOf(':');
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id') id = value;
  };
  return (chunk) => {
    const out: SseMessage[] = [];
    rest += chunk;
    // A CR at the very end may be half of a CRLF: it waits for the next chunk.
    for (let end = /\r\n|\n|\r(?!$)/.exec(rest); end; end = /\r\n|\n|\r(?!$)/.exec(rest)) {
      line(rest.slice(0, end.index), out);
      rest = rest.slice(end.index + end[0].length);
    }
    return out;
  };
}
