// Server-sent events as they come: the JSON of each, until `[DONE]` or the end.

const MOST = 4_000_000;
const END = /\r?\n\r?\n/;

/** Give the JSON of each event of an answer. Throws what reading throws, and RangeError for an event without an end. */
export async function* events(answer) {
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let waiting = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      waiting += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const parts = waiting.split(END);
      waiting = done ? "" : parts.pop();
      if (waiting.length > MOST) throw new RangeError("an event without an end");
      for (const part of parts) {
        const data = dataOf(part);
        if (data === "[DONE]") return;
        if (data !== "") yield JSON.parse(data);
      }
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function dataOf(part) {
  const lines = part.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice(5).trimStart()).join("\n");
}
