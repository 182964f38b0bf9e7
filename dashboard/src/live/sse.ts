/** The text/event-stream format, as a parser fed with whatever pieces the network gives. Pure. */

export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
}

/**
 * Returns a function from a piece of text to the events it completes.
 *
 * Follows the WHATWG rules: CR, LF or CRLF end a line, an empty line ends an event, `:` starts a comment, events without
 * data are dropped, an id with NUL is ignored.
 */
export function sseParser(): (piece: string) => ServerEvent[] {
  let rest = "";
  let id: string | null = null;
  let event = "";
  let data: string[] = [];

  function line(text: string): ServerEvent | null {
    if (text === "") {
      const done = data.length > 0 ? { id, event: event || "message", data: data.join("\n") } : null;
      event = "";
      data = [];
      return done;
    }
    const colon = text.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id" && !value.includes("\0")) id = value;
    return null;
  }

  return (piece) => {
    rest += piece;
    const held = rest.endsWith("\r"); // its LF may be in the next piece
    const lines = (held ? rest.slice(0, -1) : rest).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? "") + (held ? "\r" : "");
    return lines.map(line).filter((done) => done !== null);
  };
}
